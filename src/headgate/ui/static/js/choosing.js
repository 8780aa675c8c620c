/* How many rows are chosen, choosing none, and a range with Shift. */
(function () {
  "use strict";
  var last = null;

  function tell() {
    document.querySelectorAll("[data-chosen]").forEach(function (place) {
      var count = document.querySelectorAll(place.dataset.chosen + ":checked").length;
      var text = count === 1 ? place.dataset.one : place.dataset.many.replace("%n", count);
      if (count && place.textContent !== text) place.textContent = text;
    });
  }

  document.addEventListener("click", function (event) {
    var none = event.target.closest("[data-unchoose]");
    if (none) {
      document.querySelectorAll(none.dataset.unchoose + ":checked").forEach(function (box) { box.checked = false; });
      last = null;
      tell();
      return;
    }
    var box = event.target.closest("tbody input[type=checkbox]");
    if (!box) return;
    var all = Array.from(box.closest("tbody").querySelectorAll('input[type=checkbox][name="' + CSS.escape(box.name) + '"]'));
    var from = all.indexOf(last), to = all.indexOf(box);
    if (event.shiftKey && from >= 0) {
      all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach(function (each) { each.checked = box.checked; });
    }
    last = box;
    tell();
  });

  window.addEventListener("pageshow", tell);
})();
