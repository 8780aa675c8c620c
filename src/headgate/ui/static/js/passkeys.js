/* Asks the browser for a passkey when a form marked so is sent, and sends its answer with the form. */
(function () {
  "use strict";

  var forms = document.querySelectorAll("form[data-passkey]");
  if (!forms.length || !window.PublicKeyCredential || !navigator.credentials) return;

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (c) { return c.charCodeAt(0); });
  }

  function text(buffer) {
    var plain = "";
    new Uint8Array(buffer).forEach(function (b) { plain += String.fromCharCode(b); });
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function described(list) {
    return (list || []).map(function (one) { return Object.assign({}, one, { id: bytes(one.id) }); });
  }

  function make(options) {
    options.challenge = bytes(options.challenge);
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = described(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }

  function use(options) {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = described(options.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  }

  function answer(credential) {
    var given = credential.response, told = { clientDataJSON: text(given.clientDataJSON) };
    if (given.attestationObject) {
      told.attestationObject = text(given.attestationObject);
      told.transports = given.getTransports ? given.getTransports() : [];
    } else {
      told.authenticatorData = text(given.authenticatorData);
      told.signature = text(given.signature);
      if (given.userHandle) told.userHandle = text(given.userHandle);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: told,
    });
  }

  forms.forEach(function (form) {
    form.hidden = false;
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var failed = form.querySelector("[data-passkey-failed]");
      var button = form.querySelector("button");
      var options = JSON.parse(form.dataset.options);
      failed.hidden = true;
      button.setAttribute("aria-busy", "true");
      (form.dataset.passkey === "create" ? make(options) : use(options)).then(function (credential) {
        form.elements.response.value = answer(credential);
        form.submit();
      }).catch(function () {
        button.removeAttribute("aria-busy");
        failed.hidden = false;
      });
    });
  });
})();
