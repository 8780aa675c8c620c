/* The page of the editor: puts the parts together, checks while somebody types, saves, and guards what is unsaved. */
(function () {
  "use strict";
  var _ = window.headgateWords;
  var _n = window.headgateCount;
  var editor = window.headgateEditor;
  var element = editor.element;
  var WAIT = 350;
  var TYPES = ["number", "integer", "percent", "money", "string", "enum", "bool", "date", "datetime", "duration", "months", "list"];
  var ENDED = ["number", "integer", "percent", "money", "date", "datetime", "duration", "months"];

  document.addEventListener("DOMContentLoaded", function () {
    var root = document.getElementById("policy-editor");
    if (!root) return;
    if (root.dataset.told) { start(root, JSON.parse(root.dataset.told)); return; }
    /* a long table does not stand in the page: it is asked for, and the page says so meanwhile */
    var waiting = document.getElementById("policy-text");
    waiting.textContent = _("The table is being loaded.");
    waiting.setAttribute("role", "status");
    fetch(root.dataset.load, { redirect: "manual" }).then(function (response) { return response.ok ? response.json() : Promise.reject(response); }).then(
      function (told) { root.dataset.digest = told.digest; start(root, told); },
      function () { waiting.textContent = _("The table could not be loaded. Load the page again, or edit it as text."); }
    );
  });

  function start(root, told) {
    var model = editor.model(told);
    var coverage = told.coverage || {};
    var digest = root.dataset.digest;
    var fired = [];
    var timer = 0;
    var asked = 0, checking = false, again = false;
    var leaving = false;

    /* --- talking to the server */

    function send(address, more) {
      var body = new URLSearchParams(Object.assign({ csrf: root.dataset.csrf, text: model.text, grid: JSON.stringify(model.grid) }, more));
      return fetch(address, { method: "POST", body: body, headers: { "X-CSRF-Token": root.dataset.csrf }, redirect: "manual" }).then(
        function (response) {
          if (response.type === "opaqueredirect" || response.status === 401) return { error: _("Your session has ended. Sign in in another tab, then save again: nothing here is lost.") };
          if (!(response.headers.get("content-type") || "").startsWith("application/json")) return { error: _("The server could not answer (%(status)s). Nothing here is lost; try again.", { status: response.status }) };
          return response.json();
        },
        function () { return { error: _("The server cannot be reached. Nothing here is lost; try again.") }; }
      );
    }

    /* one check at a time: a long table takes its while, and only the newest answer counts */
    function check() {
      clearTimeout(timer);
      asked += 1;
      timer = setTimeout(function () {
        if (checking) { again = true; return; }
        var mine = asked;
        checking = true;
        send(root.dataset.check).then(function (answer) {
          checking = false;
          if (again) { again = false; check(); return; }
          if (mine !== asked) return;
          if (answer.error) { broken = answer; tell(); }
          else { broken = null; model.checked(answer); }
        });
      }, WAIT);
    }

    var broken = null;

    function save() {
      var sent = JSON.stringify(model.grid);
      saveButton.setAttribute("aria-busy", "true");
      return send(root.dataset.save, { seen: digest }).then(function (answer) {
        saveButton.removeAttribute("aria-busy");
        if (answer.theirs !== undefined) { conflict(answer); return; }
        if (answer.error) { notice(_("It was not saved. %(error)s", { error: answer.error + (answer.problems && answer.problems.length > 1 ? " " + answer.problems.slice(1, 4).join(" ") : "") })); return; }
        digest = answer.digest;
        root.dataset.digest = digest;
        if (!root.dataset.load) {
          text.querySelector("[name=seen]").value = digest;
          text.querySelector("[name=text]").value = answer.text;
        }
        notice("");
        broken = null;
        model.stored(answer, sent);
        window.headgateSay(answer.fit ? _("Saved") : _("Saved, with errors to mend before the review"));
      });
    }

    /* --- two people at one draft: the second is told, and both texts are kept */

    function conflict(answer) {
      notice(answer.error);
      var mine = element("button", _("Save mine over theirs"), "button button-small");
      mine.type = "button";
      mine.addEventListener("click", function () { digest = answer.digest; save(); });
      var theirs = element("button", _("Drop mine and load theirs"), "button button-small");
      theirs.type = "button";
      theirs.addEventListener("click", function () { leaving = true; location.reload(); });
      var shown = document.createElement("details");
      shown.append(element("summary", _("Their text")), element("pre", answer.theirs, "raw"));
      bar.notice.append(element("p", _("Whatever you choose, both texts stay readable in the history.")), mine, theirs, shown);
    }

    function notice(words) {
      bar.notice.replaceChildren();
      bar.notice.hidden = !words;
      if (words) bar.notice.append(element("p", words, "strong"));
    }

    /* --- what stands on the page */

    function button(words, look, act, title) {
      var found = element("button", words, "button button-small" + (look ? " " + look : ""));
      found.type = "button";
      if (title) found.title = title;
      found.addEventListener("click", act);
      return found;
    }

    function section(title, id, open) {
      var found = document.createElement("details");
      found.className = "step";
      found.open = open;
      var summary = element("summary", title);
      summary.id = id;
      var body = element("div", "", "step-body");
      found.append(summary, body);
      return { all: found, body: body, summary: summary };
    }

    var bar = { all: element("div", "", "editor-bar"), state: element("span", "", "grow"), notice: element("div", "", "callout tone-risk") };
    bar.state.setAttribute("role", "status");
    bar.notice.setAttribute("role", "alert");
    bar.notice.hidden = true;
    var saveButton = button(_("Save"), "button-primary", save, "Ctrl+S");
    var file = document.createElement("input");
    file.type = "file";
    file.accept = ".xlsx,.csv,.tsv,.yaml,.yml,.dmn,.xml,.json";
    file.className = "visually-hidden";
    file.id = "editor-file";
    file.tabIndex = -1;
    file.setAttribute("aria-label", _("A spreadsheet or policy file"));

    function addRow(place) {
      model.change(function (grid) { grid.rows.splice(place, 0, fresh()); }, true);
    }
    function fresh() {
      var number = model.grid.rows.length + 1;
      while (model.grid.rows.some(function (row) { return row.id === "row_" + number; })) number += 1;
      return { id: "row_" + number, when: {}, then: {}, because: "", clause: "" };
    }

    bar.all.append(
      saveButton,
      button(_("Add row"), "", function () { var place = rules.place().row + 1; addRow(place); rules.go(place, 0); }, "Ctrl+Enter"),
      button(_("Remove row"), "", function () { removeRow(rules.place().row); }, "Ctrl+Delete"),
      button(_("Row up"), "", function () { moveRow(rules.place().row, -1); }, _("Ctrl+Arrow up")),
      button(_("Row down"), "", function () { moveRow(rules.place().row, 1); }, _("Ctrl+Arrow down")),
      button(_("Undo"), "", function () { model.undo(); }, "Ctrl+Z"),
      button(_("Import a file"), "", function () { file.click(); }, _("Spreadsheet, CSV or YAML")),
      button(_("Edit as text"), "", asText, _("The policy as YAML")),
      bar.state, file
    );

    var scroll = element("div", "", "scroll editor-scroll");
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", _("The rules, can be scrolled"));
    var table = element("table", "", "editor-grid");
    scroll.append(table);
    var problems = element("ul", "", "problems");
    problems.setAttribute("aria-label", _("What the lints say"));
    var side = element("div", "", "editor-side");
    var trying = section(_("Try a case"), "editor-try", true);
    var columns = section(_("Columns"), "editor-columns", false);
    var settings = section(_("Title, hit policy and default"), "editor-settings", false);
    var keys = section(_("Keys"), "editor-keys", false);
    var tests = section(_("Tests"), "editor-tests", true);
    var testScroll = element("div", "", "scroll editor-scroll");
    testScroll.setAttribute("role", "region");
    testScroll.setAttribute("aria-label", _("The tests, can be scrolled"));
    var testTable = element("table", "", "editor-grid");
    testScroll.append(testTable);
    tests.body.append(testScroll, button(_("Add test"), "", function () {
      model.change(function (grid) { grid.tests.push({ name: "", given: {}, expect: {}, rows: "" }); }, true);
      cases.go(model.grid.tests.length - 1, 0);
    }));
    keys.body.append(element("p", _("Arrows move, Enter or typing edits, Escape leaves a cell as it was, Tab goes on to the right. Ctrl+arrow up or down moves the row, Ctrl+arrow left or right the column. Ctrl+Enter adds a row, Ctrl+Delete removes it, Ctrl+D fills from above, Ctrl+Z takes back, Ctrl+S saves. Cells copied from a spreadsheet are pasted over the cells from here on."), "small"));
    side.append(trying.all, columns.all, settings.all, keys.all);
    var text = document.getElementById("policy-text");
    root.append(bar.notice, bar.all, finding(), scroll, problems, tests.all, side);
    root.hidden = false;
    text.hidden = true;

    function asText() {
      if (model.dirty()) { window.headgateSay(_("Save first, then edit as text")); return; }
      if (root.dataset.text) { location.assign(root.dataset.text); return; }
      text.hidden = false;
      text.querySelector("textarea").focus();
    }

    /* --- finding a row of a long table, of which most do not stand on the page */

    function finding() {
      var holder = editor.field("editor-find", _("Find in the rules"), "");
      var box = holder.lastChild, said = element("small", "", "muted");
      holder.classList.add("editor-find");
      said.setAttribute("role", "status");
      holder.append(said);
      box.type = "search";
      box.autocomplete = "off";
      box.addEventListener("keydown", function (event) {
        if (event.key !== "Enter") return;
        event.preventDefault();
        var words = box.value.trim().toLowerCase(), all = ruleColumns(), count = model.grid.rows.length;
        if (!words) { said.textContent = ""; return; }
        for (var step = 1; step <= count; step += 1) {
          var row = (rules.place().row + (event.shiftKey ? count - step : step)) % count;
          var column = all.findIndex(function (each) { return foundIn(each, model.grid.rows[row], words); });
          if (column >= 0) {
            said.textContent = _("Row %(row)s of %(count)s. Enter in the field finds the next one.", { row: row + 1, count: count });
            rules.go(row, column);
            return;
          }
        }
        said.textContent = _("No row has this.");
      });
      return holder;
    }

    function foundIn(column, row, words) {
      var text = column.get(row);
      return (text + "\n" + (column.told ? column.told(text) : "")).toLowerCase().indexOf(words) >= 0;
    }

    /* --- rows and columns */

    function ruleColumns() {
      var found = [{ label: _("Row"), hint: _("name"), kind: "name", look: "name", get: function (r) { return r.id; }, set: function (r, words) { r.id = words; }, part: "id" }];
      model.grid.inputs.forEach(function (column) {
        found.push({
          label: model.titled(column), hint: _("when, %(type)s", { type: editor.called(column.type) }), kind: "when", column: column, empty: _("any"), part: "when",
          get: function (r) { return r.when[column.name] || ""; }, set: function (r, words) { r.when[column.name] = words; }
        });
      });
      model.grid.outputs.forEach(function (column) {
        found.push({
          label: model.titled(column), hint: _("then, %(type)s", { type: editor.called(column.type) }), kind: "then", column: column, look: "out", part: "then",
          get: function (r) { return r.then[column.name] || ""; }, set: function (r, words) { r.then[column.name] = words; }
        });
      });
      found.push({ label: _("Because"), hint: _("{input} shows its value"), kind: "words", look: "words", part: "because", told: model.told, get: function (r) { return r.because || ""; }, set: function (r, words) { r.because = words; } });
      found.push({ label: _("Clause"), hint: _("where it is written"), kind: "words", part: "clause", told: model.told, get: function (r) { return r.clause || ""; }, set: function (r, words) { r.clause = words; } });
      return found;
    }

    /* by row, so that each cell need not look through all of them */
    var sorted = { of: null, rows: {} };
    function issuesOf(row) {
      if (sorted.of !== model.issues) {
        sorted = { of: model.issues, rows: Object.create(null) };
        model.issues.forEach(function (issue) { if (issue.row) (sorted.rows[issue.row] = sorted.rows[issue.row] || []).push(issue); });
      }
      return sorted.rows[row.id] || [];
    }

    function markOf(row, column) {
      var named = column.column ? column.column.name : column.part;
      var found = issuesOf(row).filter(function (issue) {
        return issue.column ? issue.column === named : column.part === "id";
      })[0];
      return found ? { tone: found.severity, text: found.message + "." + (found.fix ? " " + found.fix : "") } : null;
    }

    function margin(row) {
      var counted = coverage[row.id];
      if (!counted) return null;
      var small = element("small", "", counted.count ? "covered" : "covered never");
      if (counted.count) {
        var bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        bar.setAttribute("class", "cover");
        bar.setAttribute("viewBox", "0 0 100 4");
        bar.setAttribute("preserveAspectRatio", "none");
        bar.setAttribute("aria-hidden", "true");
        [["cover-all", 100], ["cover-part", Number(counted.share)]].forEach(function (part) {
          var box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
          box.setAttribute("class", part[0]);
          box.setAttribute("width", part[1]);
          box.setAttribute("height", 4);
          bar.append(box);
        });
        small.append(bar, _("%(count)s × in 90 days", { count: counted.told }));
      } else small.append(_("never in 90 days"));
      return small;
    }

    function removeRow(place) {
      if (model.grid.rows.length < 2) { window.headgateSay(_("A policy needs a row")); return; }
      model.change(function (grid) { grid.rows.splice(place, 1); }, true);
    }
    function moveRow(place, step) {
      var to = place + step;
      if (to < 0 || to >= model.grid.rows.length) return;
      shiftIn("rows", place, to);
      rules.go(to, rules.place().column);
    }
    function shiftIn(list, from, to) {
      model.change(function (grid) { grid[list].splice(to, 0, grid[list].splice(from, 1)[0]); }, true);
    }
    function shiftColumn(column, step) {
      var list = column.part === "when" ? "inputs" : column.part === "then" ? "outputs" : "";
      if (!list) return false;
      var from = model.grid[list].findIndex(function (each) { return each.name === column.column.name; });
      if (from + step < 0 || from + step >= model.grid[list].length) return false;
      shiftIn(list, from, from + step);
      return true;
    }

    var rules = editor.grid({
      table: table, scroll: scroll, label: _("The rules"), columns: ruleColumns, rows: function () { return model.grid.rows; }, change: model.change,
      inputs: function () { return model.grid.inputs.map(function (each) { return { name: each.name, label: model.titled(each) }; }); }, mark: markOf, margin: margin, named: function (row) { return row.id; },
      fires: function (row) { return fired.indexOf(row.id) >= 0; },
      add: addRow, append: function () { model.grid.rows.push(fresh()); }, remove: removeRow,
      move: function (from, to) { shiftIn("rows", from, to); }, shift: shiftColumn
    });

    var cases = editor.grid({
      table: testTable, scroll: testScroll, label: _("The tests"), columns: function () { return editor.testColumns(model); }, rows: function () { return model.grid.tests; }, change: model.change,
      inputs: function () { return []; }, named: function (test) { return test.name; },
      mark: function (test, column) {
        var result = model.tests[model.grid.tests.indexOf(test)];
        return result && !result.passed && column.look === "name" ? { tone: "error", text: result.problems.join("; ") } : null;
      },
      margin: function (test) {
        var result = model.tests[model.grid.tests.indexOf(test)];
        return result ? element("small", result.passed ? "✓ " + _("passes") : "✗ " + result.problems.join("; "), result.passed ? "covered tone-done tone-text" : "tone-breach tone-text block") : null;
      },
      add: function (place) { model.change(function (grid) { grid.tests.splice(place, 0, { name: "", given: {}, expect: {}, rows: "" }); }, true); },
      append: function () { model.grid.tests.push({ name: "", given: {}, expect: {}, rows: "" }); },
      remove: function (place) { model.change(function (grid) { grid.tests.splice(place, 1); }, true); },
      move: function (from, to) { shiftIn("tests", from, to); }
    });

    var drawTrying = editor.tryPanel(trying.body, model, function (facts) { return send(root.dataset.try, { facts: JSON.stringify(facts) }); }, function (rows) {
      fired = rows;
      rules.repaint();
    });

    function drawColumns() {
      var list = element("ul", "", "editor-columns");
      ["inputs", "outputs"].forEach(function (part) {
        model.grid[part].forEach(function (column, place) { list.append(columnLine(part, column, place)); });
      });
      var focused = columns.body.contains(document.activeElement) ? document.activeElement.id : "";
      columns.body.replaceChildren(list,
        button(_("Add an input"), "", function () { addColumn("inputs"); }), button(_("Add an output"), "", function () { addColumn("outputs"); }));
      var again = focused && document.getElementById(focused);
      if (again) again.focus();
    }

    function columnLine(part, column, place) {
      var line = document.createElement("li");
      var id = part + "-" + place + "-";
      var name = column.name;
      function field(key, label, offers) {
        var value = key === "values" ? (column.values || []).join(", ") : column[key] || (key === "nullable" ? "false" : "");
        var holder = editor.field(id + key, label, value, offers, _("no default"), key === "default" && column.type !== "bool" ? null : editor.called);
        holder.lastChild.addEventListener("change", function (event) {
          var words = event.target.value.trim();
          /* once the focus has gone on: the fields are drawn anew, and it is given back to the one that has it */
          window.setTimeout(function () {
            model.change(function () {
              if (key === "values") column.values = words ? words.split(",").map(function (v) { return v.trim(); }) : [];
              else column[key] = words;
              if (key === "name") renamed(part, name, words);
            }, true);
          }, 0);
        });
        line.append(holder);
      }
      field("name", part === "inputs" ? _("Input") : _("Output"));
      field("label", _("Label"));
      field("type", _("Type"), TYPES.indexOf(column.type) >= 0 ? TYPES : TYPES.concat([column.type]));
      if (column.type === "money") field("currency", _("Currency"));
      if (column.type === "enum" || column.type === "list") field("values", _("Allowed values, with commas"));
      if (part === "inputs" && ENDED.indexOf(column.type) >= 0) { field("min", _("At least")); field("max", _("At most")); }
      if (part === "inputs") field("source", _("From policy.output"));
      field("default", part === "inputs" ? _("Where it is not given") : _("Where a row does not say"), defaultsOf(column));
      field("nullable", _("May be unknown"), ["false", "true"]);
      var buttons = element("div", "", "buttons");
      buttons.append(
        button("←", "", function () { if (place) shiftIn(part, place, place - 1); }, _("Move %(name)s to the left", { name: name })),
        button("→", "", function () { if (place < model.grid[part].length - 1) shiftIn(part, place, place + 1); }, _("Move %(name)s to the right", { name: name })),
        button(_("Remove"), "", function () {
          if (model.grid[part].length < 2) { window.headgateSay(_("A policy needs one")); return; }
          model.change(function (grid) { grid[part].splice(place, 1); }, true);
        }, _("Remove %(name)s", { name: name }))
      );
      Array.from(buttons.children).forEach(function (each) { each.setAttribute("aria-label", each.title); });
      line.append(buttons);
      return line;
    }

    /* what an enum's default may be: nothing, one of its values (the empty one as it is typed), what stands there */
    function defaultsOf(column) {
      if (column.type !== "enum") return null;
      var offers = [""].concat((column.values || []).map(function (value) { return value === "" ? "''" : value; }));
      if (column.nullable === "true") offers.push("null");
      return offers.indexOf(column.default || "") < 0 ? offers.concat([column.default]) : offers;
    }

    /* a column that is renamed takes its cells along */
    function renamed(part, before, after) {
      var cell = part === "inputs" ? "when" : "then", fact = part === "inputs" ? "given" : "expect";
      model.grid.rows.concat(model.grid.default && part === "outputs" ? [model.grid.default] : []).forEach(function (row) {
        if (row[cell] && before in row[cell]) { row[cell][after] = row[cell][before]; delete row[cell][before]; }
      });
      model.grid.tests.forEach(function (test) {
        if (test[fact] && before in test[fact]) { test[fact][after] = test[fact][before]; delete test[fact][before]; }
      });
    }

    function addColumn(part) {
      var name = part === "inputs" ? "input_" : "output_", number = model.grid[part].length + 1;
      model.change(function (grid) { grid[part].push({ name: name + number, type: "number", label: "" }); }, true);
    }

    function drawSettings() {
      var fields = element("div", "", "editor-fields");
      [["title", _("Title")], ["owner", _("Owner")], ["hit", _("Hit policy")]].forEach(function (pair) {
        var hits = ["unique", "any", "first", "priority", "rule_order", "output_order", "collect"];
        var now = model.grid.settings[pair[0]] || "";
        var holder = editor.field("setting-" + pair[0], pair[1], now, pair[0] === "hit" ? (hits.indexOf(now) < 0 ? hits.concat([now]) : hits) : null, "", editor.called);
        holder.lastChild.addEventListener("change", function (event) { model.change(function (grid) { grid.settings[pair[0]] = event.target.value; }, false); });
        fields.append(holder);
      });
      if (model.grid.default) {
        model.grid.outputs.forEach(function (column) {
          var holder = editor.field("default-" + column.name, _("Default: %(column)s", { column: model.titled(column) }), model.grid.default.then[column.name] || "");
          holder.lastChild.addEventListener("change", function (event) { model.change(function (grid) { grid.default.then[column.name] = event.target.value; }, false); });
          fields.append(holder);
        });
      }
      settings.body.replaceChildren(fields, button(model.grid.default ? _("Remove the default") : _("Add a default"), "", function () {
        model.change(function (grid) { grid.default = grid.default ? null : { then: {}, because: "", clause: "" }; }, true);
      }));
    }

    /* --- what the lints say, at the cell and in words */

    function tell() {
      var errors = model.errors;
      var failed = model.tests.filter(function (test) { return !test.passed; }).length;
      var words = (model.dirty() ? _("Not saved yet.") : _("Saved.")) + " ";
      if (broken) words += _("It cannot be read yet.");
      else if (errors) words += _n("%(count)s error keeps it from review", "%(count)s errors keep it from review", errors) + (failed ? ", " + _n("%(count)s of them a failing test", "%(count)s of them failing tests", failed) : "") + ".";
      else words += _n("No errors; %(count)s test passes.", "No errors; %(count)s tests pass.", model.tests.length);
      bar.state.textContent = words;
      problems.replaceChildren();
      if (broken) (broken.problems && broken.problems.length ? broken.problems : [broken.error]).forEach(function (each) { problems.append(line("error", "", each)); });
      else model.issues.slice(0, 100).forEach(function (issue) {
        var where = [issue.row ? _("row %(row)s", { row: issue.row }) : "", issue.column ? _("column %(column)s", { column: issue.column }) : ""].filter(Boolean).join(", ");
        var found = line(issue.severity, where, issue.message + "." + (issue.fix ? " " + issue.fix : ""));
        if (issue.row) found.append(button(_("Go there"), "", function () { jump(issue); }));
        problems.append(found);
      });
      var rest = Math.max(0, model.issues.length - 100) + model.more;
      if (!broken && rest) problems.append(line("note", "", _("And %(count)s more, which are told when these are mended.", { count: rest })));
      tests.summary.textContent = failed ? _("Tests: %(failed)s of %(all)s fail", { failed: failed, all: model.tests.length }) : model.tests.length ? _("Tests: all %(all)s pass", { all: model.tests.length }) : _("Tests");
    }

    function line(severity, where, words) {
      var found = element("li", "", { error: "tone-breach", warning: "tone-risk" }[severity] || "tone-quiet");
      var text = element("p", "");
      text.append(element("span", { error: "✗ ", warning: "! " }[severity] || "· ", "tone-text"), element("span", where ? where + " " : "", "strong"), words);
      found.append(element("span", ""), text);
      return found;
    }

    function jump(issue) {
      var row = model.grid.rows.findIndex(function (each) { return each.id === issue.row; });
      var column = ruleColumns().findIndex(function (each) { return issue.column && (each.column ? each.column.name : each.part) === issue.column; });
      if (row >= 0) rules.go(row, Math.max(0, column));
    }

    /* --- files */

    file.addEventListener("change", function () {
      var chosen = file.files[0];
      if (!chosen) return;
      var reader = new FileReader();
      reader.addEventListener("load", function () {
        var data = String(reader.result).split(",")[1] || "";
        send(root.dataset.import, { name: chosen.name, data: data }).then(function (answer) {
          file.value = "";
          if (answer.error) { notice(_("It was not imported. %(error)s", { error: [answer.error].concat((answer.problems || []).slice(1, 6)).join(" ") })); return; }
          model.replace(answer);
          notice(_("Imported %(file)s. Look at it, then save.", { file: chosen.name }) + " " + answer.notices.slice(0, 6).join(" "));
        });
      });
      reader.readAsDataURL(chosen);
    });

    /* --- the whole */

    model.listen(function (what) {
      if (what === "shape") { rules.draw(); cases.draw(); drawColumns(); drawSettings(); drawTrying(); }
      if (what === "checked") { rules.repaint(); cases.repaint(); }
      else { fired = []; if (what === "cell") { rules.repaint(); cases.repaint(); } check(); }
      tell();
    });

    document.addEventListener("keydown", function (event) {
      var command = event.ctrlKey || event.metaKey;
      var key = event.key.toLowerCase();
      if (command && key === "s") {
        event.preventDefault();
        if (document.activeElement && document.activeElement.matches("input.cell")) document.activeElement.blur();
        save();
      } else if (command && (key === "z" || key === "y") && !event.target.closest("input, textarea")) {
        event.preventDefault();
        if (key === "y" || event.shiftKey) model.redo();
        else model.undo();
        var here = rules.place();
        rules.go(here.row, here.column);
      }
    });

    window.addEventListener("beforeunload", function (event) {
      if (leaving || !model.dirty()) return;
      event.preventDefault();
    });
    text.addEventListener("submit", function () { leaving = true; });

    rules.draw();
    cases.draw();
    drawColumns();
    drawSettings();
    drawTrying();
    tell();
  }
})();
