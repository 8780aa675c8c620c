/* 'Five minutes ago' and 'two hours left' grow old on an open page: write them again every half minute.
   The words are the server's (ui/format.py). */
(function () {
  "use strict";
  var _ = window.headgateWords;
  var SPACE = "\u00a0";
  var MINUTE = 60, HOUR = 3600, DAY = 86400;

  function span(seconds) {
    seconds = Math.abs(seconds);
    if (seconds < MINUTE) return "<1" + SPACE + "min";
    var parts = seconds >= DAY
      ? [[Math.floor(seconds / DAY), "d"], [Math.floor((seconds % DAY) / HOUR), "h"]]
      : seconds >= HOUR
        ? [[Math.floor(seconds / HOUR), "h"], [Math.floor((seconds % HOUR) / MINUTE), "min"]]
        : [[Math.floor(seconds / MINUTE), "min"]];
    return parts
      .filter(function (part) { return part[0]; })
      .map(function (part) { return part[0] + SPACE + part[1]; })
      .join(SPACE);
  }

  function left(seconds) {
    return seconds >= 0 ? _("%(span)s left", { span: span(seconds) }) : _("overdue by %(span)s", { span: span(seconds) });
  }

  function ago(seconds) {
    if (seconds < MINUTE) return _("just now");
    var unit = seconds >= DAY ? [DAY, "d"] : seconds >= HOUR ? [HOUR, "h"] : [MINUTE, "min"];
    return _("%(span)s ago", { span: Math.floor(seconds / unit[0]) + SPACE + unit[1] });
  }

  function write() {
    /* the server's clock, not the reader's: the page says what time it was there */
    var now = (Date.parse(document.body.dataset.now) + performance.now()) / 1000;
    if (!now) return;
    document.querySelectorAll("time[data-left], time[data-ago]").forEach(function (time) {
      var at = Date.parse(time.dateTime) / 1000;
      var text = time.hasAttribute("data-left") ? left(at - now) : ago(now - at);
      if (time.hasAttribute("data-ago") && now - at >= 15 * DAY) return;
      if (time.textContent !== text) time.textContent = text;
    });
  }

  setInterval(write, 30000);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) write(); });
})();
