/* A decision that can be undone for some seconds: how many are left, said aloud once, and when the time is over the page
   of that decision looks what became of it. Without this the page says until when, and has a link to look again. */
(function () {
  "use strict";
  var AFTER = 2500, said = false;

  function left(time) {
    /* the server's clock, not the reader's */
    return (Date.parse(time.dateTime) - Date.parse(document.body.dataset.now) - performance.now()) / 1000;
  }

  function write() {
    var again = null;
    document.querySelectorAll("time[data-due]").forEach(function (time) {
      var seconds = Math.ceil(left(time));
      var text = seconds > 0 ? time.dataset.in.replace("%n", seconds) : time.dataset.over;
      if (time.textContent !== text) time.textContent = text;
      if (seconds <= 0 && time.hasAttribute("data-again")) again = time;
    });
    if (again && !said) {
      said = true;
      tell(again.dataset.over);
      setTimeout(function () { location.reload(); }, AFTER);
    }
  }

  /* counting is for the eye; who hears the page is told when it begins and when it is over */
  function tell(text) {
    var place = document.querySelector("[data-tell]");
    if (place) place.textContent = text || place.dataset.tell;
  }

  if (!document.querySelector("time[data-due]") && !document.getElementById("held")) return;
  write();
  setTimeout(tell, 300);
  setInterval(write, 250);
})();
