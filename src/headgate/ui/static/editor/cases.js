/* Cases beside the table: facts to try, the row that decides on them, and the version's own tests as a grid. */
(function () {
  "use strict";
  var _ = window.headgateWords;
  var editor = window.headgateEditor;

  function element(tag, words, look) {
    var found = document.createElement(tag);
    if (words) found.textContent = words;
    if (look) found.className = look;
    return found;
  }
  editor.element = element;

  /* a labelled field; `offers` makes it a choice, `called` says what its codes are called */
  editor.field = function (id, label, value, offers, nothing, called) {
    var holder = element("div", "", "field");
    var name = element("label", label);
    name.htmlFor = id;
    var field = document.createElement(offers ? "select" : "input");
    field.className = "input";
    field.id = id;
    (offers || []).forEach(function (offer) {
      var option = element("option", offer === "" ? nothing || _("not known") : offer === "''" ? _("empty") : called ? called(offer) : offer);
      option.value = offer;
      field.append(option);
    });
    field.value = value;
    holder.append(name, field);
    return holder;
  };

  function offersOf(column) {
    if (column.type !== "bool" && column.type !== "enum") return null;
    var values = column.type === "bool" ? ["true", "false"] : (column.values || []).slice();
    return column.nullable === "true" ? [""].concat(values) : values;
  }

  /* ask(facts) → promise of an answer; fired(rows) tells which rows decided */
  editor.tryPanel = function (holder, model, ask, fired) {
    var facts = {};
    var result = element("div", "", "editor-result");
    result.setAttribute("role", "status");

    function draw() {
      var fields = element("div", "", "editor-fields");
      model.grid.inputs.forEach(function (column) {
        var offers = offersOf(column);
        if (!(column.name in facts)) facts[column.name] = offers ? offers[0] || "" : "";
        var field = editor.field("try-" + column.name, model.titled(column), facts[column.name], offers, "", column.type === "bool" ? editor.called : null);
        field.lastChild.addEventListener("input", function (event) { facts[column.name] = event.target.value; });
        fields.append(field);
      });
      var button = element("button", _("Try it"), "button button-primary");
      button.type = "button";
      button.addEventListener("click", run);
      fields.addEventListener("keydown", function (event) { if (event.key === "Enter") { event.preventDefault(); run(); } });
      holder.replaceChildren(fields, button, result);
    }

    function run() {
      result.replaceChildren();
      ask(facts).then(function (answer) {
        result.className = "editor-result " + (answer.error ? "tone-breach" : "tone-done");
        if (answer.error) { result.append(element("p", answer.error)); fired([]); return; }
        fired(answer.rows);
        var outputs = Object.keys(answer.outputs).map(function (name) { return named(name) + " " + worded(answer.outputs[name]); });
        answer.list.forEach(function (each) { outputs.push(Object.keys(each).map(function (n) { return named(n) + " " + worded(each[n]); }).join(", ")); });
        result.append(element("p", (answer.rows.join(", ") || _("No row")) + ": " + (outputs.join(", ") || _("nothing")), "strong"));
        answer.reasons.forEach(function (reason) { result.append(element("p", reason)); });
        var keep = element("button", _("Keep it as a test"), "button button-small");
        keep.type = "button";
        keep.addEventListener("click", function () {
          var test = { name: "", given: Object.assign({}, facts), expect: {}, rows: answer.rows.join(", ") };
          model.grid.outputs.forEach(function (column) { test.expect[column.name] = typed(answer.outputs[column.name]); });
          model.change(function (grid) { grid.tests.push(test); }, true);
          window.headgateSay(_("Kept as test %(number)s", { number: model.grid.tests.length }));
        });
        if (!answer.list.length) result.append(keep);
      });
    }

    /* outputs by their labels, yes and no in the reader's words */
    function named(name) {
      var column = model.grid.outputs.find(function (each) { return each.name === name; });
      return column ? model.titled(column) : name;
    }
    function worded(shown) { return shown === "yes" ? _("yes") : shown === "no" ? _("no") : shown; }

    /* as a cell writes it */
    function typed(shown) {
      if (shown === undefined || shown === "unknown" || shown === "none") return "";
      return shown === "yes" ? "true" : shown === "no" ? "false" : shown;
    }

    return draw;
  };

  editor.testColumns = function (model) {
    var found = [{ label: _("Test"), hint: _("name"), kind: "words", look: "name", told: model.told, get: function (t) { return t.name || ""; }, set: function (t, text) { t.name = text; } }];
    function side(part, column) {
      return {
        label: model.titled(column), hint: part === "given" ? _("given") : _("expected"), kind: "fact", column: column, look: part === "expect" ? "out" : "",
        get: function (t) { return (t[part] || {})[column.name] || ""; },
        set: function (t, text) { t[part] = t[part] || {}; t[part][column.name] = text; }
      };
    }
    model.grid.inputs.forEach(function (column) { found.push(side("given", column)); });
    model.grid.outputs.forEach(function (column) { found.push(side("expect", column)); });
    found.push({ label: _("Rows"), hint: _("that decide"), kind: "words", look: "out", get: function (t) { return t.rows || ""; }, set: function (t, text) { t.rows = text; } });
    return found;
  };
})();
