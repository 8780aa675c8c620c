/* One press, one act: a form that was sent is not sent again, and says that it is under way. */
(function () {
  "use strict";

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post") || event.defaultPrevented) return;
    if (form.hasAttribute("data-file")) return; /* the answer is a file: the page stays, and so does the form */
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    if (!event.submitter) return;
    event.submitter.setAttribute("aria-busy", "true");
    if (event.submitter.dataset.meanwhile) wait(form, event.submitter);
  });

  /* A button that asks a system outside says so while the answer is awaited (`data-meanwhile`), also to who cannot see
     it. It is switched off once the form has been read: before, its own value would not be sent. */
  function wait(form, button) {
    var said = form.querySelector("[role=status]");
    if (said) said.textContent = button.dataset.meanwhile;
    setTimeout(function () { button.disabled = true; }, 0);
  }

  /* coming back by the browser's back button: the form may be sent again */
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
    document.querySelectorAll("[aria-busy=true]").forEach(function (button) {
      button.removeAttribute("aria-busy");
      if (button.dataset.meanwhile) button.disabled = false;
    });
  });

  /* A row opens where it is clicked, not only on its link; a selection of text or a modified click is left alone. */
  document.addEventListener("click", function (event) {
    var row = event.target.closest("tr[data-href]");
    if (!row || event.defaultPrevented || event.target.closest("a, button, input, select, textarea, label, summary")) return;
    if (String(window.getSelection())) return;
    if (event.metaKey || event.ctrlKey) window.open(row.dataset.href, "_blank", "noopener");
    else location.assign(row.dataset.href);
  });

  /* A link to a field puts the cursor into it. */
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-jump]");
    if (!link) return;
    var field = document.getElementById(link.dataset.jump);
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
})();
