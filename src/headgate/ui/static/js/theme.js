/* Light, dark, or as the device: kept in a cookie so that the server sends the right theme with the first byte. */
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");

  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[name=theme]");
    if (!button) return;
    event.preventDefault();
    var theme = button.value;
    if (theme === "system") root.removeAttribute("data-theme");
    else root.setAttribute("data-theme", theme);
    document.cookie =
      "headgate_theme=" + theme + "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
    button.closest("form").querySelectorAll("button[name=theme]").forEach(function (other) {
      other.setAttribute("aria-pressed", String(other === button));
    });
  });
})();
