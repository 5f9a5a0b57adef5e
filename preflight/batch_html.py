"""The report of a batch as one HTML page: no script, style, font or image from elsewhere, and nothing unescaped."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import quote

from preflight.batch_walk import bytes_of
from preflight.wording import counted, limit_words, money, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    from preflight.batch_budget import Budget
    from preflight.batch_lines import Line
    from preflight.ledger.records import Json

_KINDS = ("text", "scan", "hybrid", "image", "blank", "unreadable")
_MEANING = {
    "fits": "gets through as it is",
    "split": "too much for one request; the pieces fit",
    "reduce": "a part is too large and can be made smaller",
    "ocr-first": "holds pages whose text only OCR gives",
    "wont-fit": "does not get through, whatever is done",
    "unreadable": "cannot be read",
}
_MAX_RUNS = 400
_STUCK = "not-split"
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Upload preflight</title>
<style>
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5d6877;--line:#d9dee5;--paper:#fff;--card:#f5f7f9;
--good:#1a7f4b;--act:#9a6700;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#333c48;--paper:#14181d;--card:#1c2229;
--good:#5cc98f;--act:#e3b341;--bad:#ff8a80}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
margin:0 auto;max-width:1600px;padding:24px}
h1{font-size:24px;margin:0 0 4px}p{margin:4px 0 16px;color:var(--soft)}
.cards{display:flex;flex-wrap:wrap;gap:12px;margin:0 0 20px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px;min-width:110px;
font:inherit;color:inherit;text-align:left}
.card b{display:block;font-size:22px}.card span{color:var(--soft);font-size:13px}
button.card{cursor:pointer}button.card:hover{border-color:var(--soft)}
button.card:focus-visible,button.card[aria-pressed=true]{outline:2px solid var(--act)}
table{border-collapse:collapse;width:100%;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:6px 8px;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{position:sticky;top:0;background:var(--paper);white-space:nowrap}
th:nth-child(2){width:84px}th:nth-child(3){width:48px}th:nth-child(4){width:110px}th:nth-child(5){width:66px}
th:nth-child(3),th:nth-child(n+5):nth-child(-n+7){text-align:right}
th:nth-child(6){width:72px}th:nth-child(7){width:106px}th:nth-child(8){width:36%}
th button{all:unset;cursor:pointer;font-weight:600}th button:focus-visible{outline:2px solid var(--act)}
th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.v{white-space:nowrap;font-weight:600}.fits{color:var(--good)}.split,.reduce,.ocr-first{color:var(--act)}
.wont-fit,.unreadable{color:var(--bad)}
td small{color:var(--soft);display:block}a{color:inherit}
.strip{display:flex;height:14px;margin-top:4px;border-radius:3px;overflow:hidden;background:var(--card)}
.strip i{min-width:1px}.k-text{background:#3b82c4}.k-scan{background:#d9822b}.k-hybrid{background:#8a63b8}
.k-image{background:#4aa57d}.k-blank{background:#b8c0ca}.k-unreadable{background:#c23b32}
.legend{display:flex;flex-wrap:wrap;gap:14px;margin:0 0 12px;font-size:13px;color:var(--soft)}
.legend i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:5px;vertical-align:-1px}
@media(max-width:1100px){th:nth-child(4),td:nth-child(4),th:nth-child(5),td:nth-child(5){display:none}
th:nth-child(8){width:34%}}
@media(max-width:760px){thead,.n[data-v="-1"]{display:none}tr{display:block;padding:8px 0;
border-bottom:1px solid var(--line)}tr[hidden]{display:none}td{display:inline-block;border:0;padding:1px 14px 1px 0}
td:first-child,td:last-child{display:block}td:nth-child(3)::before{content:"units: "}
td:nth-child(6)::before{content:"tokens: "}}
@media print{th{position:static}}
</style></head><body>
"""
_SCRIPT = """<script>
document.querySelectorAll("th button").forEach(function(button){button.addEventListener("click",function(){
var head=button.parentNode,body=document.querySelector("#files tbody"),at=head.cellIndex,
up=head.getAttribute("aria-sort")!=="ascending",rows=Array.prototype.slice.call(body.rows);
function value(row){var cell=row.cells[at],known=cell.getAttribute("data-v");
return known===null?cell.textContent:Number(known)}
rows.sort(function(a,b){var x=value(a),y=value(b),
order=typeof x==="number"?x-y:x.localeCompare(y,undefined,{numeric:true});return up?order:-order});
document.querySelectorAll("th").forEach(function(one){one.removeAttribute("aria-sort")});
head.setAttribute("aria-sort",up?"ascending":"descending");
rows.forEach(function(row){body.appendChild(row)})})});
document.querySelectorAll("button[data-only]").forEach(function(button,_,all){
button.addEventListener("click",function(){
var only=button.getAttribute("aria-pressed")==="true"?"":button.getAttribute("data-only"),shown=0,
rows=document.querySelector("#files tbody").rows;
all.forEach(function(one){one.setAttribute("aria-pressed",String(one===button&&only!==""))});
Array.prototype.forEach.call(rows,function(row){
row.hidden=only!==""&&row.getAttribute("data-is").split(" ").indexOf(only)<0;shown+=row.hidden?0:1});
document.querySelector("#shown").textContent=only===""?"":shown+" of "+rows.length+" files are shown."})});
</script>
"""


class HtmlReport:
    """Writes the page piece by piece, so that a folder of a million files takes no memory.

    Totals are known at the end; they are shown at the top all the same, by the order of a flex box.
    """

    def __init__(self, file: IO[bytes], target: str) -> None:
        """Write to ``file``; ``target`` is what the files were checked for."""
        self._file = file
        self._target = target

    def begin(self) -> None:
        """Write what comes before the first file."""
        legend = "".join(f'<span><i class="k-{kind}"></i>{kind}</span>' for kind in _KINDS)
        heads = ("File", "Verdict", "Units", "", "Size", "Tokens", "Cost", "What decides")
        cells = "".join(f'<th scope="col"><button>{head}</button></th>' if head else "<th></th>" for head in heads)
        self._write(_HEAD)
        self._write('<div style="display:flex;flex-direction:column"><main style="order:2">')
        self._write(f'<div class="legend">{legend}</div>')
        self._write(f'<table id="files"><thead><tr>{cells}</tr></thead><tbody>\n')

    def add(self, line: Line) -> None:
        """Write the row of one file."""
        report: Json = line.reports[0] if line.reports else {}
        figures, facts = report.get("estimate") or {}, report.get("facts") or {}
        size_bytes = (report.get("source") or {}).get("size_bytes")
        tokens = (figures.get("tokens") or {}).get("likely")
        cost = figures.get("cost") or {}
        cells = [
            f"<td>{escape(line.path)}{_pieces(line)}</td>",
            f'<td class="v {"unreadable" if line.damaged else line.verdict}">{_verdict(line)}</td>',
            _number(facts.get("unit_count")),
            f"<td>{_strip(facts)}</td>",
            _number(size_bytes, "" if size_bytes is None else size(size_bytes)),
            _number(tokens),
            _money(cost),
            f"<td>{escape(_reason(line, report))}</td>",
        ]
        marks = f"{line.verdict} {_STUCK}" if line.reports and line.problem else line.verdict
        self._write(f'<tr data-is="{marks}">{"".join(cells)}</tr>\n')

    def end(self, verdicts: Mapping[str, int], failed: int, budgets: Sequence[Budget]) -> None:
        """Write the totals and close the page."""
        self._write("</tbody></table></main>")
        whole = sum(verdicts.values())
        cards = [_card(f"{whole:,}", "files")]
        cards += [
            _card(f"{count:,}", word, f"{word}: {_MEANING[word]}", word, only=word)
            for word, count in verdicts.items()
            if count
        ]
        stuck = failed - verdicts["unreadable"]
        if stuck:
            cards.append(_card(f"{stuck:,}", "not split", "can be read, and not be split", "unreadable", only=_STUCK))
        for budget in budgets:
            cards += _budget_cards(budget, named=len(budgets) > 1)
        for_target = f" for {escape(self._target)}" if self._target else ""
        self._write(f'<header style="order:1"><h1>Upload preflight</h1><p>{whole:,} files checked{for_target}</p>')
        self._write(f'<div class="cards">{"".join(cards)}</div><p id="shown" role="status"></p></header></div>')
        self._write(f"{_SCRIPT}</body></html>\n")

    def _write(self, text: str) -> None:
        self._file.write(text.encode())


def _verdict(line: Line) -> str:
    return f"{line.verdict}, but damaged" if line.damaged else line.verdict


def _budget_cards(budget: Budget, *, named: bool) -> list[str]:
    of = f", {budget.target}" if named else ""
    cards = []
    if budget.files > budget.unknown_tokens + sum(verdict == "unreadable" for _, verdict, _ in budget.stopped):
        low, likely, high = (f"{tokens:,}" for tokens in budget.tokens)
        cards.append(_card(likely, f"tokens{_between(low, high)}{of}"))
    for currency, costs in sorted(budget.cost.items()):
        low, likely, high = (money(str(cost)) for cost in costs)
        cards.append(_card(f"{likely} {currency}", f"to send it all{_between(low, high)}{of}"))
    return cards


def _between(low: str, high: str) -> str:
    return "" if low == high else f" ({low} to {high})"


def _card(figure: str, words: str, title: str = "", css: str = "", only: str = "") -> str:
    """A figure; with ``only`` a button that leaves the rows so marked."""
    shown = f'<b class="{css}">{escape(figure)}</b><span>{escape(words)}</span>'
    if only:
        return (
            f'<button type="button" class="card" title="{escape(title)}" data-only="{only}" aria-pressed="false">'
            f"{shown}</button>"
        )
    return f'<div class="card" title="{escape(title)}">{shown}</div>'


def _pieces(line: Line) -> str:
    """A link to the pieces of a file, relative to the page."""
    if not line.manifest or not line.pieces:
        return ""
    folder = quote(bytes_of(line.manifest).rpartition(b"/")[0])
    return f'<small><a href="{folder}/">{counted(line.pieces, "piece")}</a></small>'


def _number(value: int | None, words: str = "") -> str:
    if value is None:
        return '<td class="n" data-v="-1">–</td>'
    return f'<td class="n" data-v="{value}">{words or f"{value:,}"}</td>'


def _money(cost: Json) -> str:
    if not cost:
        return '<td class="n" data-v="-1">–</td>'
    likely = cost["likely"]
    return f'<td class="n" data-v="{escape(likely)}">{money(likely)} {escape(cost["currency"])}</td>'


def _strip(facts: Json) -> str:
    """Draw the kinds of the pages in order: neighbours of a kind are one bar."""
    kinds = [unit.get("kind", "") for unit in facts.get("units", ()) if unit.get("kind") in _KINDS]
    runs = [(kind, len(list(same))) for kind, same in groupby(kinds)]
    if not runs:
        return ""
    words = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in _KINDS if kind in kinds)
    if len(runs) > _MAX_RUNS:  # finer than a screen can show
        step = -(-len(kinds) // _MAX_RUNS)
        runs = [(kinds[at], min(step, len(kinds) - at)) for at in range(0, len(kinds), step)]
    bars = "".join(f'<i class="k-{kind}" style="flex:{count}"></i>' for kind, count in runs)
    return f'<div class="strip" role="img" aria-label="{words}" title="{words}">{bars}</div>'


def _reason(line: Line, report: Json) -> str:
    if line.problem is not None:
        return str(line.problem["detail"])
    binding = report.get("binding")
    if binding is None:
        return next((str(one["message"]) for one in report.get("findings", ()) if one["severity"] != "info"), "")
    measure = binding["limit"]
    return f"{limit_words(measure, binding['value'])} of {limit_words(measure, binding['max'])} ({binding['by']})"
