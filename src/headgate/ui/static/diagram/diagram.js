/* A process is wider than most screens: its picture begins where the case is, and can be made smaller, larger and whole. */
(function () {
  "use strict";
  var LEAST = 0.1, MOST = 2, STEP = 1.25;

  function scale(svg) { return svg.getBoundingClientRect().width / svg.viewBox.baseVal.width; }

  function size(box, wanted) {
    var svg = box.querySelector("svg");
    var before = scale(svg);
    var after = Math.min(MOST, Math.max(LEAST, wanted));
    /* what was in the middle stays there */
    var x = box.scrollLeft + box.clientWidth / 2, y = box.scrollTop + box.clientHeight / 2;
    svg.setAttribute("width", svg.viewBox.baseVal.width * after);
    svg.setAttribute("height", svg.viewBox.baseVal.height * after);
    box.scrollLeft = (x * after) / before - box.clientWidth / 2;
    box.scrollTop = (y * after) / before - box.clientHeight / 2;
  }

  function room(box) {
    var style = getComputedStyle(box);
    return box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  }

  function show(box) {
    var stage = box.querySelector(".current rect") || box.querySelector(".stage rect");
    if (!stage) return;
    var at = stage.getBoundingClientRect(), frame = box.getBoundingClientRect();
    if (box.querySelector(".current")) box.scrollLeft += at.left + at.width / 2 - frame.left - frame.width / 2;
    box.scrollTop += at.top + at.height / 2 - frame.top - frame.height / 2;
  }

  document.querySelectorAll(".diagram-box").forEach(show);

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-zoom]");
    if (!button) return;
    var box = button.closest(".diagram-frame").querySelector(".diagram-box");
    var svg = box.querySelector("svg");
    if (button.dataset.zoom === "whole") size(box, Math.min(1, room(box) / svg.viewBox.baseVal.width));
    else size(box, button.dataset.zoom === "in" ? scale(svg) * STEP : scale(svg) / STEP);
  });
})();
