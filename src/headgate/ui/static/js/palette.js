/* Ctrl-K: go anywhere, find anything, do what can be done from anywhere. The list comes from the server; the focus stays
   in the field and the choice is told by aria-activedescendant. */
(function () {
  "use strict";

  function parts() {
    var dialog = document.getElementById("palette");
    return dialog && { dialog: dialog, field: document.getElementById("palette-q"), list: document.getElementById("palette-results") };
  }

  function open() {
    var at = parts();
    if (!at || at.dialog.open || document.querySelector("dialog[open]")) return;
    document.querySelectorAll(":popover-open").forEach(function (menu) { menu.hidePopover(); });
    at.dialog.showModal();
    at.field.value = "";
    at.field.focus();
    window.htmx.trigger(at.field, "palette-open");
  }

  function choices(at) {
    return Array.from(at.list.querySelectorAll("[role=option]"));
  }

  function choose(at, index) {
    var all = choices(at);
    all.forEach(function (each, place) { each.setAttribute("aria-selected", String(place === index)); });
    if (!all[index]) {
      at.field.removeAttribute("aria-activedescendant");
      return;
    }
    at.field.setAttribute("aria-activedescendant", all[index].id);
    all[index].scrollIntoView({ block: "nearest" });
  }

  function chosen(at) {
    return choices(at).findIndex(function (each) { return each.getAttribute("aria-selected") === "true"; });
  }

  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      var now = parts();
      if (!now) return;
      event.preventDefault();
      if (now.dialog.open) now.dialog.close();
      else open();
      return;
    }
    var at = parts();
    if (!at || event.target !== at.field || event.isComposing) return;
    var all = choices(at);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (all.length) choose(at, (chosen(at) + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (at.list.getAttribute("aria-busy") === "true") at.dialog.dataset.enter = "yes"; /* what was typed is on its way */
      else if (all[chosen(at)]) all[chosen(at)].click();
    }
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-opens=palette]")) {
      event.preventDefault();
      event.stopPropagation();
      open();
      return;
    }
    var choice = event.target.closest(".palette-choice[data-press]");
    if (!choice) return;
    event.preventDefault();
    document.getElementById("palette").close();
    var control = document.querySelector(choice.dataset.press);
    if (control) control.click();
  }, true);

  document.addEventListener("pointermove", function (event) {
    var choice = event.target.closest && event.target.closest(".palette-choice");
    var at = choice && parts();
    if (at) choose(at, choices(at).indexOf(choice));
  });

  document.addEventListener("input", function (event) {
    if (event.target.id === "palette-q") document.getElementById("palette-results").setAttribute("aria-busy", "true");
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    var at = parts();
    if (!at || event.detail.target !== at.list) return;
    at.list.removeAttribute("aria-busy");
    at.list.scrollTop = 0;
    choose(at, 0);
    if (at.dialog.dataset.enter) {
      delete at.dialog.dataset.enter;
      var first = choices(at)[0];
      if (first) first.click();
    }
  });
})();
