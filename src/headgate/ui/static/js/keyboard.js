/* j and k walk the rows, / searches, g then a letter goes somewhere, ? explains. Single keys can be switched off
   (WCAG 2.2, 2.1.4) and never act while somebody types. */
(function () {
  "use strict";
  var STORE = "headgate.keys";
  var waiting = 0; /* until when a letter after 'g' counts */

  function off() {
    try { return localStorage.getItem(STORE) === "off"; } catch { return false; }
  }

  function typing(target) {
    return target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
  }

  function rows() {
    return Array.from(document.querySelectorAll("[data-row]")).filter(function (row) { return row.offsetParent !== null; });
  }

  function move(step) {
    var all = rows();
    if (!all.length) return;
    var now = all.findIndex(function (link) { return link === document.activeElement; });
    if (now < 0) {
      var inside = document.activeElement.closest("tr, li");
      now = inside ? all.findIndex(function (link) { return inside.contains(link); }) : -1;
    }
    var next = now < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + step));
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  function press(selector) {
    var found = document.querySelector(selector);
    if (found) found.click();
    return Boolean(found);
  }

  function peek() {
    var link = document.activeElement.closest("[data-peek]");
    if (!link) return false;
    window.htmx.ajax("GET", link.dataset.peek, { target: "#drawer-body", source: link });
    return true;
  }

  /* the box of the row that has the focus */
  function pick() {
    var row = document.activeElement.closest("tr");
    var box = row && row.querySelector("[data-pick]");
    if (box) box.click();
    return Boolean(box);
  }

  /* a letter presses what the row in focus names it for; 'z' is the page's own undo */
  function pressInRow(key) {
    var at = '[data-key="' + CSS.escape(key) + '"]';
    var row = document.activeElement.closest("tr, li");
    var found = key === "z" ? document.querySelector(at) : row && row.querySelector(at);
    if (key === "u" && !row) found = document.querySelector('.undo-toast [data-key="z"]');
    if (found) found.click();
    return Boolean(found);
  }

  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "z" && !typing(event.target)) {
      if (!document.querySelector("dialog[open]") && press(".undo-toast [data-key=z], #held [data-key=z], .undo [data-key=z]")) event.preventDefault();
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && event.target.matches("input[type=search]")) {
      event.target.blur();
      return;
    }
    if (off() || typing(event.target) || document.querySelector("dialog[open]")) return;
    var key = event.key;
    if (waiting > Date.now()) {
      waiting = 0;
      if (press('[data-go="' + CSS.escape(key) + '"]')) event.preventDefault();
      return;
    }
    if (key === "g") waiting = Date.now() + 1500;
    else if (key === "j" || key === "k") { move(key === "j" ? 1 : -1); event.preventDefault(); }
    else if (key === "/") {
      var find = document.querySelector("main input[type=search]") || document.getElementById("find");
      if (find && find.offsetParent !== null) { find.focus(); find.select(); event.preventDefault(); }
    }
    else if (key === "?") { if (press('[data-opens="keyboard"]')) event.preventDefault(); }
    else if (key === "p") { if (peek()) event.preventDefault(); }
    else if (key === "x") { if (pick()) event.preventDefault(); }
    else if (key === "m") { if (press("[data-more]")) event.preventDefault(); }
    else if (key.length === 1 && pressInRow(key)) event.preventDefault();
  });

  document.addEventListener("change", function (event) {
    if (event.target.id !== "keys-on") return;
    try {
      if (event.target.checked) localStorage.removeItem(STORE);
      else localStorage.setItem(STORE, "off");
    } catch { /* storage may be forbidden: then the keys stay on */ }
  });

  document.addEventListener("DOMContentLoaded", function () {
    var box = document.getElementById("keys-on");
    if (box) box.checked = !off();
    var here = document.querySelector("[data-shows-current] [aria-current]");
    if (here) here.scrollIntoView({ block: "nearest" });
  });
})();
