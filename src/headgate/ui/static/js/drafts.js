/* A form that is sent after the session ended, or before a fresh proof, is not taken. What was typed into it is put back
   when the same person comes from the sign-in page, or from the question for a proof, to the same form; it is kept in this
   tab only, and only until the next page. */
(function () {
  "use strict";
  var STORE = "headgate.draft";
  var CONFIRM = "/account/confirm";

  function fromUs(path) {
    return document.referrer.startsWith(location.origin + path);
  }

  /* With data-keep="all" every line of text, in place of what the page shows, and the version that it was typed over. */
  function whole(form) {
    return form.dataset.keep === "all";
  }

  function fields(form) {
    var all = "textarea[name], input[type=text][name], input[type=email][name], input[name=seen]";
    return form.querySelectorAll(whole(form) ? all : "textarea[name]");
  }

  function key() {
    return document.body.dataset.me + " " + location.pathname;
  }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("[data-keep]")) return;
    var typed = {};
    fields(form).forEach(function (field) { typed[field.name] = field.value; });
    try { sessionStorage.setItem(STORE, JSON.stringify({ key: key(), typed: typed })); } catch { /* then it is not kept */ }
  });

  document.addEventListener("DOMContentLoaded", function () {
    if (!document.body.dataset.me || location.pathname === CONFIRM) return; /* the page in between */
    var kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(STORE));
      sessionStorage.removeItem(STORE);
    } catch { return; }
    if (!kept || kept.key !== key() || !(fromUs("/sign-in") || fromUs(CONFIRM))) return;
    document.querySelectorAll("form[data-keep]").forEach(function (form) {
      fields(form).forEach(function (field) {
        var typed = kept.typed[field.name];
        if (typed === undefined || (field.value && !whole(form))) return;
        field.value = typed;
      });
    });
  });
})();
