/* Tells the server which clock its reader lives by, so that the next page writes times as they read them. Who chose a
   zone on the page of their account reads that one, whatever is told here. */
(function () {
  "use strict";
  var zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  if (!/^[A-Za-z0-9_+\/-]{1,64}$/.test(zone)) return;
  var kept = "headgate_zone=" + zone;
  if (document.cookie.split("; ").indexOf(kept) >= 0) return;
  document.cookie = kept + "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
})();
