"""What code beneath the pages records in English, as phrases; `recorded` finds a recorded sentence among them again.

The code that records them writes them out itself, for it runs for every order; `tests/unit/ui/test_recorded.py` lets it
record each of them and asks for its phrase.
"""

from __future__ import annotations

from types import MappingProxyType

from headgate.kernel.phrases import phrase

# domain/checks: what each check of an order found.
_CHECKS = (
    phrase("partner %(partner)s is not known"),
    phrase("partner %(partner)s is %(partner_status)s"),
    phrase("partner %(partner)s is active with terms %(terms)s"),
    phrase("partner %(partner)s is active; this is its first order"),
    phrase("partner %(partner)s is active with terms %(terms)s; this is its first order"),
    phrase("partner %(partner)s is active; the order asks for terms %(asked)s, agreed are %(agreed)s"),
    phrase(
        "partner %(partner)s is active; the order asks for terms %(asked)s, agreed are %(agreed)s; "
        "this is its first order"
    ),
    phrase("asked %(price)s; no agreement gives a price for %(product)s"),
    phrase("asked %(price)s, as in %(agreement)s"),
    phrase("asked %(price)s, %(percent)s %% below %(contract)s of %(agreement)s"),
    phrase("asked %(price)s, %(percent)s %% above %(contract)s of %(agreement)s"),
    phrase("the cost of %(product)s is not known"),
    phrase("margin %(percent)s %% at %(price)s with a cost of %(cost)s"),
    phrase("margin of the order %(percent)s %%: %(amount)s with costs of %(cost)s"),
    phrase("the partner has no credit account"),
    phrase("account %(account)s: exposure %(before)s + this order %(order)s = %(after)s of %(limit)s (%(percent)s %%)"),
    phrase(
        "account %(account)s: exposure %(before)s + this order %(order)s = %(after)s of %(limit)s (%(percent)s %%); "
        "payments are overdue by %(days)s days or more"
    ),
    phrase(
        "account %(account)s: exposure %(before)s + this order %(order)s = %(after)s of %(limit)s (%(percent)s %%); "
        "the account is on hold"
    ),
    phrase(
        "account %(account)s: exposure %(before)s + this order %(order)s = %(after)s of %(limit)s (%(percent)s %%); "
        "payments are overdue by %(days)s days or more; the account is on hold"
    ),
    phrase("tax %(tax)s, %(lines)s lines, rounded per line"),
    phrase("tax %(tax)s, %(lines)s lines, rounded per document"),
    phrase("exempt by certificate %(certificate)s, %(lines)s lines, rounded per line"),
    phrase("exempt by certificate %(certificate)s, %(lines)s lines, rounded per document"),
    phrase("no tax rate for class %(tax_class)s in %(place)s"),
    phrase("no tax rate for class %(tax_class)s in %(place)s (and %(lines)s more lines without a rate)"),
    phrase("everything can be promised from %(places)s"),
    phrase("no line needs stock"),
    phrase("%(ready)s of %(quantity)s %(product)s can be promised, %(waiting)s must wait"),
    phrase("%(quantity)s %(product)s ordered, the minimum is %(least)s"),
    phrase("%(quantity)s %(product)s ordered, it comes in multiples of %(multiple)s"),
    phrase("every line keeps to minimum quantity and multiple"),
    phrase("order %(order)s of the same partner has the same customer reference %(reference)s"),
    phrase("order %(order)s of the same partner has the same products, quantities and prices"),
    phrase("no like order of the partner in the %(days)s days before"),
    phrase("%(country)s is under embargo"),
    phrase("%(product)s is under export control and would go to %(country)s"),
    phrase("nothing forbids a delivery to %(country)s"),
    phrase("with %(orders)s the partner ordered %(total)s within %(hours)s hours, each order under %(limit)s"),
    phrase("the policy %(policy)s names it"),
    phrase("the policy %(policy)s asks for it"),
)
# domain/pricing: why a price did not count.
_PRICES = (
    phrase("it starts on %(at)s"),
    phrase("it ended at %(at)s"),
    phrase("it needs at least %(least)s and the line has %(quantity)s"),
    phrase("%(left)s of its %(most)s are left and the line has %(quantity)s"),
    phrase("%(agreement)s is in the order's currency"),
    phrase("%(agreement)s has the higher minimum quantity of %(quantity)s"),
    phrase("%(agreement)s starts later, on %(at)s"),
    phrase("%(agreement)s ranks the same and is cheaper: %(price)s against %(other)s"),
    phrase("%(agreement)s ranks the same and gives the same price"),
    phrase("%(agreement)s has no tiers"),
    phrase("its first tier starts at %(start)s and the line has %(quantity)s"),
    phrase("its first slab starts at unit %(start)s, so the first units have no price"),
    phrase("has no exchange rate to %(quote)s"),
    phrase("there is no exchange rate from %(one)s to %(other)s"),
    phrase("it is in %(one)s and there is no exchange rate to %(other)s"),
)

# domain/pricing: which term goes before another, and how its price was found.
_RANKS = (
    phrase("%(term)s is an approved price exception and goes first"),
    phrase("%(term)s is more specific: it names the partner"),
    phrase("%(term)s is more specific: it names the partner's group"),
    phrase("%(term)s is more specific: it names the region or channel"),
    phrase("%(term)s is more specific: it names the product"),
    phrase("%(term)s is more specific: it names the family"),
    phrase("%(term)s builds on the list price and goes before it"),
    phrase("there is no list price to take the discount from"),
    phrase("discount off the list price %(price)s"),
    phrase("discount off the list price %(price)s, 1 slab"),
    phrase("discount off the list price %(price)s, %(slabs)s slabs"),
    phrase("markup on the cost %(cost)s %(currency)s, %(slabs)s slabs"),
    phrase("markup on the cost %(cost)s %(currency)s"),
    phrase("list price"),
    phrase("list price, 1 slab"),
    phrase("list price, %(slabs)s slabs"),
    phrase("list price in %(currency)s at %(rate)s"),
    phrase("net price"),
    phrase("net price, 1 slab"),
    phrase("net price, %(slabs)s slabs"),
    phrase("net price in %(currency)s at %(rate)s"),
    phrase("%(how)s, tier from %(start)s"),
)
# domain/deals: why a deal and what stands against it look like one business.
_DEALS = (
    phrase("without legal forms both are “%(name)s”"),
    phrase("without legal forms both are “%(name)s”, which says less for so common a name"),
    phrase("the names are %(percent)s%% alike"),
    phrase("the names are %(percent)s%% alike, which says less for so common a name"),
    phrase("both have the same D-U-N-S number"),
    phrase("both use the domain %(domain)s"),
    phrase("%(one)s and %(other)s differ in ending or hyphens"),
    phrase("one parent company (by D-U-N-S number)"),
    phrase("one owns the other (by D-U-N-S number)"),
    phrase("“%(name)s” owns both, or one of them the other"),
    phrase("both are at this address"),
    phrase("both are in this place"),
    phrase("different D-U-N-S numbers: two companies"),
    phrase("the claim is not about single products"),
    phrase("both are about %(products)s"),
    phrase("they share no product"),
    phrase("one had ended before the other began"),
    phrase("both run at the same time"),
    phrase("both run at the same time, but close more than %(days)s days apart"),
)
# channel/agreements: what an agreement is called that grants a special price.
_TITLES = (phrase("Price exception %(request)s"),)

# process: what tasks are called that no definition names.
_TASKS = (
    phrase("Find out what became of %(step)s of %(subject)s, and take it back by hand: %(what)s"),
    phrase("Take back by hand: %(what)s of %(subject)s"),
    phrase("Late: %(subject)s is over its time in '%(stage)s'"),
    phrase("Decide order %(subject)s"),
    phrase("Decide deal %(subject)s"),
)
# channel/calendars: which calendar counts, and why.
_CALENDARS = (
    phrase("the ordinary week"),
    phrase("no calendar is set"),
    phrase("set for partner %(partner)s"),
    phrase("set for region %(region)s"),
    phrase("set for everybody"),
)

# domain/tax, domain/pricing: how amounts were rounded.
_ROUNDINGS = (
    phrase("per line, minor unit, half up"),
    phrase("per document, minor unit, half up"),
    phrase("minor unit half up"),
    phrase("derived unit prices: 4 decimals half up; amount: minor unit half up"),
)

# channel/returns, deals and exceptions: why what a partner sent was refused.
_REFUSALS = (
    phrase("is more than can come back of line %(line)s: %(rest)s of what was delivered is left"),
    phrase("Ask for %(rest)s at most."),
    phrase("is not the partner of deal %(deal)s"),
    phrase("is not %(was)s, which was asked for"),
)

# policy/backtest: what a backtest found, how it weighed, and what stands beside a version as its evidence.
_BACKTESTS = (
    phrase("Nothing flips: %(compared)s decisions would have come out the same; %(untold)s cannot be told"),
    phrase("Nothing flips: %(compared)s decisions would have come out the same"),
    phrase(
        "%(flipped)s of %(compared)s decisions would have come out otherwise, %(amount)s in all;"
        " %(untold)s cannot be told"
    ),
    phrase("%(flipped)s of %(compared)s decisions would have come out otherwise, %(amount)s in all"),
    phrase("%(flipped)s of %(compared)s decisions would have come out otherwise; %(untold)s cannot be told"),
    phrase("%(flipped)s of %(compared)s decisions would have come out otherwise"),
    phrase("Flip to something stricter"),
    phrase("Flip to something looser"),
    phrase("Not decidable"),
    phrase("Without an answer"),
    phrase("Records not reproduced"),
    phrase("Pasted text"),
    phrase("no row fits, and there is no default"),
    phrase("Each decision is weighed again by itself; what other policies made of it later is not."),
    phrase(
        "The outcome of each order is combined anew through order_release and order_exceptions as they stood then, "
        "and the approval matrix of then is asked anew. Prices, costs, stock, credit, tax and repeats are those "
        "recorded: what one order would have left to the next is not weighed again."
    ),
    phrase(
        "%(readers)s read what %(policy)s gives. Decisions in which it only fed them are not "
        "weighed again; try a version of those policies to see what becomes of theirs."
    ),
)

RECORDED: tuple[str, ...] = (
    *_CHECKS,
    *_PRICES,
    *_TASKS,
    *_CALENDARS,
    *_ROUNDINGS,
    *_RANKS,
    *_DEALS,
    *_TITLES,
    *_REFUSALS,
    *_BACKTESTS,
)

# Values that are recorded sentences themselves.
NESTED = frozenset({"how", "stage"})

# Sentences that are recorded with a code, and are said with its word.
SAID_AS = MappingProxyType(
    {
        "Decide price_exception %(subject)s": phrase("Decide price exception %(subject)s"),
        "Decide rma %(subject)s": phrase("Decide return %(subject)s"),
    }
)
# Values that are numbers: a page writes them as its reader does. Codes that are made of digits are not among them.
FIGURES = frozenset(
    {
        *("amount", "contract", "cost", "limit", "other", "price", "tax", "total"),
        *("deviation_pct", "margin_pct", "percent", "utilisation_pct"),
        *("customer_score", "deal_score", "pipeline_score"),
        *("compared", "flipped", "untold"),
        *("least", "left", "most", "multiple", "quantity", "ready", "start", "waiting"),
    }
)
# Amounts that policies are asked with in the tenant's own currency, and record without it.
OWN_AMOUNTS = frozenset({"credit", "line_amount", "over_limit", "stake"})
# Amounts that are recorded without their currency, beside one that has it.
IN_CURRENCY_OF = MappingProxyType({"before": "limit", "order": "limit", "after": "limit"})
# Sentences that are recorded with many of something, and are said with one.
OF_ONE = MappingProxyType(
    {
        "tax %(tax)s, %(lines)s lines, rounded per line": phrase("tax %(tax)s, one line, rounded per line"),
        "tax %(tax)s, %(lines)s lines, rounded per document": phrase("tax %(tax)s, one line, rounded per document"),
        "exempt by certificate %(certificate)s, %(lines)s lines, rounded per line": phrase(
            "exempt by certificate %(certificate)s, one line, rounded per line"
        ),
        "exempt by certificate %(certificate)s, %(lines)s lines, rounded per document": phrase(
            "exempt by certificate %(certificate)s, one line, rounded per document"
        ),
    }
)
