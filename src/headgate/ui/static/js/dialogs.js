/* Dialogs, and the explanation drawer that HTMX fills. */
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-opens]");
    if (opener) {
      event.preventDefault();
      var menu = opener.closest("[popover]");
      if (menu) menu.hidePopover();
      document.getElementById(opener.dataset.opens).showModal();
      return;
    }
    document.querySelectorAll(".choice details[open]").forEach(function (open) {
      if (!open.contains(event.target)) open.open = false;
    });
    /* a click on the backdrop hits the dialog itself, outside its box */
    if (event.target.matches("dialog[open]")) {
      var box = event.target.getBoundingClientRect();
      var inside =
        event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside) event.target.close();
    }
  });

  document.addEventListener("keydown", function (event) {
    var open = event.key === "Escape" && event.target.closest(".choice details[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });

  function drawerOf(event) {
    return event.detail.target && event.detail.target.id === "drawer-body" ? document.getElementById("drawer") : null;
  }

  document.addEventListener("htmx:beforeRequest", function (event) {
    var drawer = drawerOf(event);
    if (!drawer) return;
    /* what is shown has an address of its own, to send to a colleague */
    var address = event.detail.pathInfo.requestPath;
    document.getElementById("drawer-page").href = address;
    document.getElementById("drawer-copy").dataset.copy = new URL(address, location.href).href;
    if (!drawer.open) {
      event.detail.target.replaceChildren(document.getElementById("drawer-skeleton").content.cloneNode(true));
      drawer.showModal();
    }
  });

  document.addEventListener("htmx:afterSwap", function (event) {
    var drawer = drawerOf(event);
    if (!drawer) return;
    drawer.scrollTop = 0;
    var heading = drawer.querySelector("h1, h2");
    if (heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  });

  /* further rows: the pressed link is gone, so the first new row takes the focus */
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.target.id === "rows") event.detail.target.dataset.had = event.detail.target.children.length;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    var body = event.detail.target;
    if (body.id !== "rows" || !body.dataset.had) return;
    var row = body.children[Number(body.dataset.had)];
    delete body.dataset.had;
    var link = row && row.querySelector("a, button");
    if (!link) return;
    link.focus({ preventScroll: true });
    /* the page stays where it is, unless the browser has moved away from what is new */
    link.scrollIntoView({ block: "nearest" });
  });

  function failed(event) {
    var drawer = drawerOf(event);
    var status = event.detail.xhr ? event.detail.xhr.status : 0;
    if (status === 401) {
      location.assign("/sign-in?then=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    var template = document.getElementById(status === 403 ? "part-forbidden" : "part-failed");
    if (drawer) event.detail.target.replaceChildren(template.content.cloneNode(true));
    else window.headgateSay(template.content.textContent.trim().replace(/\s+/g, " "));
  }
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);
})();
