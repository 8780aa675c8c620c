/* Copy an id, and say so to eyes and ears. */
(function () {
  "use strict";
  var _ = window.headgateWords;
  var timer;

  function say(text) {
    var toast = document.getElementById("toast");
    /* what stands outside an open dialog is covered by it, and silent */
    (document.querySelector("dialog[open]") || document.body).append(toast);
    toast.textContent = text;
    toast.setAttribute("data-shown", "");
    clearTimeout(timer);
    timer = setTimeout(function () { toast.removeAttribute("data-shown"); }, 1800);
  }

  function copy(text, near) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    /* without a secure address the older way; inside an open dialog the field must stand there to be focusable */
    var field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    near.after(field);
    field.select();
    var done = document.execCommand("copy");
    field.remove();
    near.focus();
    return done ? Promise.resolve() : Promise.reject(new Error("refused"));
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    copy(button.dataset.copy, button).then(
      function () { say(button.dataset.copy.length > 40 ? _("Copied to the clipboard") : _("Copied %(text)s", { text: button.dataset.copy })); },
      function () { say(_("The browser did not allow copying")); }
    );
  });

  window.headgateSay = say;
})();
