/* How many rows are chosen, choosing none, and a range with Shift. On a phone a long press on a row begins to choose, and
   then a tap chooses instead of opening. */
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

  var LONG = 500;
  var held = 0, pressed = null;

  function mode() {
    return window.matchMedia("(max-width: 40rem)").matches ? document.getElementById("choosing") : null;
  }

  function boxOf(target) {
    var row = target.closest("#rows > tr");
    return row && row.querySelector("[data-pick]");
  }

  function letGo() { clearTimeout(held); }

  document.addEventListener("pointerdown", function (event) {
    var choosing = mode(), box = choosing && boxOf(event.target);
    pressed = null;
    if (!box || event.pointerType !== "touch" || event.target.closest("input, label, button")) return;
    letGo();
    held = setTimeout(function () {
      choosing.checked = true;
      pressed = box;
      if (!box.checked) box.click();
    }, LONG);
  });
  document.addEventListener("pointerup", letGo);
  document.addEventListener("pointercancel", letGo);
  document.addEventListener("contextmenu", function (event) {
    var choosing = mode();
    if (choosing && (choosing.checked || pressed) && boxOf(event.target)) event.preventDefault();
  });
  document.addEventListener("click", function (event) {
    var choosing = mode(), box = choosing && choosing.checked && boxOf(event.target);
    if (!box || event.target.closest("input, label")) return;
    event.preventDefault();
    event.stopPropagation();
    if (pressed === box) pressed = null; /* the end of the long press that chose it */
    else box.click();
  }, true);
  document.addEventListener("change", function (event) {
    if (event.target.id !== "choosing" || event.target.checked) return;
    document.querySelectorAll("#rows [data-pick]:checked").forEach(function (box) { box.checked = false; });
  });

  window.addEventListener("pageshow", tell);
})();
