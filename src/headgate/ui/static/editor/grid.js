/* A table of text cells that is worked by keyboard: one cell is in the tab order, arrows move it, typing edits it.
   Of a long table only a window of rows stands on the page; empty room before and behind it keeps the scroll bar true. */
(function () {
  "use strict";
  var _ = window.headgateWords;
  var _n = window.headgateCount;
  var editor = window.headgateEditor;
  var count = 0;
  var LONG = 300, WINDOW = 160, AHEAD = 40;

  /* spec: table, label, columns() → [{label, hint, kind, column, get(row), set(row, text), told(text), empty}], rows() → [row],
     change(act, shape), add(at), remove(at), move(at, to), shift(column, step), mark(row, column) → {tone, text} or null,
     inputs() → [column] */
  editor.grid = function (spec) {
    var table = spec.table;
    var at = { row: 0, column: 0 };
    var open = null;
    var first = 0, height = 36, body = null;
    var box = document.createElement("div");
    box.className = "choices-box";
    box.id = "choices-" + (count += 1);
    box.setAttribute("role", "listbox");
    box.setAttribute("aria-label", _("What may stand here"));
    box.hidden = true;
    document.body.append(box);
    table.setAttribute("role", "grid");
    table.setAttribute("aria-label", spec.label);

    function cellAt(row, column) {
      var line = body && body.rows[row - first];
      return line ? line.cells[column] : null;
    }

    function long() { return spec.rows().length > LONG; }
    function shown() { return long() ? spec.rows().slice(first, first + WINDOW) : spec.rows(); }

    /* the room that rows take which are not on the page */
    function room(rows, columns) {
      var section = document.createElement("tbody");
      if (rows <= 0) return section;
      var line = document.createElement("tr"), cell = document.createElement("td");
      section.setAttribute("aria-hidden", "true");
      section.className = "room";
      cell.colSpan = columns;
      cell.style.blockSize = rows * height + "px";
      line.append(cell);
      section.append(line);
      return section;
    }

    /* put the window around a row; nothing is drawn where it stands there already */
    function show(row) {
      var last = Math.max(0, spec.rows().length - WINDOW);
      var wanted = Math.max(0, Math.min(last, row - Math.floor(WINDOW / 2)));
      if (!long() || (row >= first && row < first + WINDOW)) return;
      first = wanted;
      draw();
    }

    function scrolled() {
      if (!long() || open || !body || !body.rows.length) return;
      var top = Math.floor(spec.scroll.scrollTop / height), seen = Math.ceil(spec.scroll.clientHeight / height);
      var end = Math.min(spec.rows().length, top + seen);
      if (top >= first && end <= first + WINDOW) return;
      var had = table.contains(document.activeElement);
      first = Math.max(0, Math.min(spec.rows().length - WINDOW, top - AHEAD));
      var kept = spec.scroll.scrollTop;
      draw();
      spec.scroll.scrollTop = kept;
      var stay = cellAt(at.row, at.column) || cellAt(first, 0);
      if (had && stay) stay.focus({ preventScroll: true });
    }
    if (spec.scroll) spec.scroll.addEventListener("scroll", function () { window.requestAnimationFrame(scrolled); }, { passive: true });

    function head() {
      var line = document.createElement("tr");
      spec.columns().forEach(function (column) {
        var th = document.createElement("th");
        th.scope = "col";
        var name = document.createElement("strong");
        name.textContent = column.label;
        th.append(name, column.hint);
        line.append(th);
      });
      var section = document.createElement("thead");
      section.append(line);
      return section;
    }

    function paint(cell, row, column, place) {
      var text = column.get(row), told = column.told ? column.told(text) : text;
      cell.textContent = told;
      cell.className = column.look || "";
      if (column.empty) { cell.classList.add("any"); cell.dataset.empty = column.empty; }
      var mark = spec.mark(row, column);
      if (mark && mark.tone === "error") cell.setAttribute("aria-invalid", "true");
      else cell.removeAttribute("aria-invalid");
      if (mark && mark.tone !== "error") cell.classList.add("warned");
      if (mark) cell.title = mark.text;
      else if (told !== text) cell.title = _("In the file: %(text)s", { text: text });
      else cell.removeAttribute("title");
      if (spec.margin && place === 0) {
        var margin = spec.margin(row);
        if (margin) cell.append(margin);
      }
    }

    function draw() {
      close(false);
      var columns = spec.columns();
      var all = spec.rows().length;
      first = long() ? Math.max(0, Math.min(first, all - WINDOW)) : 0;
      var section = document.createElement("tbody");
      shown().forEach(function (row, place) {
        var line = document.createElement("tr");
        if (long()) line.setAttribute("aria-rowindex", first + place + 2);
        if (spec.fires && spec.fires(row)) line.className = "fires";
        columns.forEach(function (column, place) {
          var cell = document.createElement("td");
          cell.setAttribute("role", "gridcell");
          cell.tabIndex = -1;
          paint(cell, row, column, place);
          line.append(cell);
        });
        section.append(line);
      });
      body = section;
      if (long()) {
        table.setAttribute("aria-rowcount", all + 1);
        table.replaceChildren(head(), room(first, columns.length), body, room(all - first - WINDOW, columns.length));
        if (body.offsetHeight) height = body.offsetHeight / body.rows.length;
      } else {
        table.removeAttribute("aria-rowcount");
        table.replaceChildren(head(), body);
      }
      at.row = Math.max(0, Math.min(at.row, spec.rows().length - 1));
      at.column = Math.max(0, Math.min(at.column, columns.length - 1));
      var here = cellAt(at.row, at.column) || cellAt(first, 0);
      if (here) here.tabIndex = 0;
    }

    function repaint() {
      var columns = spec.columns();
      shown().forEach(function (row, place) {
        var line = body.rows[place], r = first + place;
        line.classList.toggle("fires", Boolean(spec.fires && spec.fires(row)));
        columns.forEach(function (column, c) {
          if (!open || open.row !== r || open.column !== c) paint(line.cells[c], row, column, c);
        });
      });
    }

    function go(row, column) {
      if (row < 0 || row >= spec.rows().length) return;
      show(row);
      var next = cellAt(row, column);
      if (!next) return;
      var before = cellAt(at.row, at.column);
      if (before) before.tabIndex = -1;
      at = { row: row, column: column };
      next.tabIndex = 0;
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    function write(row, column, text) {
      var target = spec.columns()[column];
      if (target.get(spec.rows()[row]) === text) return;
      spec.change(function () { target.set(spec.rows()[row], text); }, false);
    }

    /* --- one cell open for writing */

    function edit(first) {
      var cell = cellAt(at.row, at.column);
      var column = spec.columns()[at.column];
      if (!cell || !column) return;
      var field = document.createElement("input");
      field.className = "cell";
      field.type = "text";
      field.autocomplete = "off";
      field.spellcheck = column.kind === "words";
      field.maxLength = 2000;
      field.value = first === null ? column.get(spec.rows()[at.row]) : first;
      field.setAttribute("aria-label", column.label + ", " + (spec.named(spec.rows()[at.row]) || _("row %(row)s", { row: at.row + 1 })));
      field.setAttribute("role", "combobox");
      field.setAttribute("aria-expanded", "false");
      field.setAttribute("aria-controls", box.id);
      field.setAttribute("aria-autocomplete", "list");
      open = { row: at.row, column: at.column, field: field, chosen: -1, offers: [] };
      cell.replaceChildren(field);
      cell.classList.add("editing");
      field.focus();
      field.addEventListener("input", offer);
      field.addEventListener("blur", function () { close(true); });
      offer();
    }

    function offer() {
      var column = spec.columns()[open.column];
      open.offers = editor.offers(column.kind, column.column || {}, spec.inputs(), open.field.value);
      open.chosen = -1;
      box.replaceChildren();
      open.offers.forEach(function (each, place) {
        var option = document.createElement("div");
        option.id = box.id + "-" + place;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        var word = document.createElement("code");
        word.textContent = each.shown;
        var hint = document.createElement("span");
        hint.className = "muted";
        hint.textContent = each.hint;
        option.append(word, hint);
        option.addEventListener("mousedown", function (event) { event.preventDefault(); take(place); });
        box.append(option);
      });
      var edge = open.field.getBoundingClientRect();
      box.hidden = !open.offers.length;
      open.field.setAttribute("aria-expanded", String(!box.hidden));
      box.style.insetBlockStart = edge.bottom + window.scrollY + 4 + "px";
      box.style.insetInlineStart = Math.min(edge.left, window.innerWidth - 190) + window.scrollX + "px";
    }

    function choose(step) {
      if (!open.offers.length) return false;
      open.chosen = (open.chosen + step + open.offers.length + (open.chosen < 0 && step < 0 ? 1 : 0)) % open.offers.length;
      Array.from(box.children).forEach(function (option, place) {
        option.setAttribute("aria-selected", String(place === open.chosen));
        if (place === open.chosen) option.scrollIntoView({ block: "nearest" });
      });
      open.field.setAttribute("aria-activedescendant", box.id + "-" + open.chosen);
      return true;
    }

    function take(place) {
      open.field.value = open.offers[place].text;
      offer();
      open.field.focus();
    }

    function close(keep) {
      if (!open) return;
      var was = open;
      open = null;
      box.hidden = true;
      var text = was.field.value;
      var cell = cellAt(was.row, was.column);
      var row = spec.rows()[was.row];
      if (cell && row) paint(cell, row, spec.columns()[was.column], was.column);
      if (keep && row) write(was.row, was.column, text.trim());
    }

    function writing(event) {
      var key = event.key;
      if (key === "ArrowDown" || key === "ArrowUp") { if (choose(key === "ArrowDown" ? 1 : -1)) event.preventDefault(); return; }
      if (key === "Escape") { event.preventDefault(); var stay = at; close(false); go(stay.row, stay.column); return; }
      if (key === "Enter") {
        event.preventDefault();
        if (open.chosen >= 0) { take(open.chosen); return; }
        close(true);
        go(Math.min(at.row + 1, spec.rows().length - 1), at.column);
        return;
      }
      if (key === "Tab") {
        var next = at.column + (event.shiftKey ? -1 : 1);
        close(true);
        if (next >= 0 && next < spec.columns().length) { event.preventDefault(); go(at.row, next); }
      }
    }

    /* --- moving about */

    var MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

    function walking(event) {
      var key = event.key;
      var command = event.ctrlKey || event.metaKey;
      var move = MOVES[key];
      if (move && command) {
        event.preventDefault();
        if (move[0]) {
          var to = at.row + move[0];
          if (to < 0 || to >= spec.rows().length) return;
          var from = at.row;
          spec.move(from, to);
          go(to, at.column);
        } else if (spec.shift) {
          var landed = spec.shift(spec.columns()[at.column], move[1]);
          if (landed) go(at.row, at.column + move[1]);
        }
      } else if (move) { event.preventDefault(); go(at.row + move[0], at.column + move[1]); }
      else if (key === "Home" || key === "End") { event.preventDefault(); go(command ? (key === "Home" ? 0 : spec.rows().length - 1) : at.row, key === "Home" ? 0 : spec.columns().length - 1); }
      else if (key === "PageDown" || key === "PageUp") { event.preventDefault(); go(Math.max(0, Math.min(spec.rows().length - 1, at.row + (key === "PageDown" ? 10 : -10))), at.column); }
      else if (key === "Insert" || (key === "Enter" && command)) { event.preventDefault(); spec.add(at.row + 1); go(at.row + 1, 0); }
      else if (key === "Delete" && command) { event.preventDefault(); spec.remove(at.row); go(Math.min(at.row, spec.rows().length - 1), at.column); }
      else if (command && key.toLowerCase() === "d") { event.preventDefault(); if (at.row) write(at.row, at.column, spec.columns()[at.column].get(spec.rows()[at.row - 1])); repaint(); }
      else if (key === "Enter" || key === "F2") { event.preventDefault(); edit(null); }
      else if (key === "Delete" || key === "Backspace") { event.preventDefault(); write(at.row, at.column, ""); }
      else if (key.length === 1 && !command && !event.altKey) { event.preventDefault(); edit(key); }
      else return;
      event.stopPropagation();
    }

    table.addEventListener("keydown", function (event) {
      if (open) { writing(event); if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); }
      else walking(event);
    });

    table.addEventListener("mousedown", function (event) {
      var cell = event.target.closest("td");
      if (!cell || cell.contains(document.activeElement) && open) return;
      if (cell.closest("tbody") !== body) return;
      var row = cell.parentElement.sectionRowIndex + first;
      var again = row === at.row && cell.cellIndex === at.column && document.activeElement === cell;
      event.preventDefault();
      close(true);
      go(row, cell.cellIndex);
      if (again) edit(null);
    });

    /* --- cells of a spreadsheet: tabs between columns, line breaks between rows, quotes around what holds either */

    function cellsOf(text) {
      var rows = [[""]], quote = false;
      for (var i = 0; i < text.length; i += 1) {
        var c = text.charAt(i), row = rows[rows.length - 1];
        if (quote) {
          if (c === '"' && text.charAt(i + 1) === '"') { row[row.length - 1] += c; i += 1; }
          else if (c === '"') quote = false;
          else row[row.length - 1] += c === "\n" ? " " : c;
        } else if (c === '"' && row[row.length - 1] === "") quote = true;
        else if (c === "\t") row.push("");
        else if (c === "\n") rows.push([""]);
        else if (c !== "\r") row[row.length - 1] += c;
      }
      if (rows.length > 1 && rows[rows.length - 1].join("") === "") rows.pop();
      return rows;
    }

    table.addEventListener("paste", function (event) {
      if (open || !event.clipboardData) return;
      var cells = cellsOf(event.clipboardData.getData("text/plain"));
      event.preventDefault();
      var columns = spec.columns();
      spec.change(function () {
        cells.forEach(function (line, r) {
          if (at.row + r >= spec.rows().length) spec.append();
          line.forEach(function (text, c) {
            var column = columns[at.column + c];
            if (column) column.set(spec.rows()[at.row + r], text.trim().slice(0, 2000));
          });
        });
      }, true);
      go(at.row, at.column);
      window.headgateSay(_n("Pasted %(count)s row", "Pasted %(count)s rows", cells.length));
    });

    table.addEventListener("copy", function (event) {
      if (open || String(window.getSelection())) return;
      var column = spec.columns()[at.column], row = spec.rows()[at.row];
      if (!column || !row) return;
      event.clipboardData.setData("text/plain", column.get(row));
      event.preventDefault();
    });

    return { draw: draw, repaint: repaint, go: go, place: function () { return at; } };
  };
})();
