"""Short forms of given names: names on one line may be the same person's. Folded, see `normalising`."""

_GROUPS = """
    alexander alexandra alex sascha sandra sasha
    andreas andrew andre andy drew
    anthony antonio anton toni tony
    barbara babs barb
    benjamin ben benny
    catherine katharina katherine kathrin katrin kate kathy katja cathy
    charles karl carl charlie chuck
    christian christoph christopher chris kit
    christina christine kristina tina chris
    daniel dan danny
    david dave davy
    dorothea dorothy dora dorle
    edward eduard eddie ed ted ned
    elisabeth elizabeth elise liz lisa beth betty lisbeth sissi
    franz francis francisco francesco frank paco cisco
    friedrich frederick fred fritz freddy
    gabriele gabriela gabi gaby
    georg george giorgio jorge jurgen schorsch
    giuseppe joseph josef jose jo beppe pepe sepp
    gunter gunther
    heinrich henry harry heinz henrik hank
    helena helene lena leni ellen
    hermann armin
    james jim jimmy jamie
    johann johannes john hans jan jack johnny juan giovanni ivan jean
    jonathan jon nathan
    katarzyna kasia
    klaus nikolaus nicholas nick niklas claus
    lars lasse laurentius lawrence larry
    ludwig louis luis lou lutz
    magdalena lena magda leni
    margarete margaret margot maggie gretel grete peggy meg rita
    maria marie mary mia mitzi
    mathias matthias matthew matteo matt
    maximilian max
    michal mike mick michel miguel michele mischa
    patricia patrick pat patty trish
    peter pete pedro pietro piotr
    philip philipp phil
    rebecca rebekka becky
    richard rick dick ricardo riccardo rich
    robert roberto rob bob bobby bert
    rudolf rolf rudi
    samul samuele sam sammy
    sebastian basti bastian wastl
    stefan stephan steven stephen steve stefano esteban
    susanne susan susanna susi sue su
    theodor theodore theo ted
    thomas tom tommy tomas tommaso
    ursula uschi ulla
    valentin valentina vali
    victoria vicky vic
    wilhelm william bill billy will willi guillermo
    wolfgang wolf
    zofia sophie sofia sophia zosia
"""

_LINES_OF: dict[str, set[int]] = {}
for _number, _line in enumerate(_GROUPS.strip().splitlines()):
    for _name in _line.split():
        _LINES_OF.setdefault(_name, set()).add(_number)
_NONE: set[int] = set()


def may_be_short_for(one: str, other: str) -> bool:
    """Whether two folded given names are forms of one name."""
    return not _LINES_OF.get(one, _NONE).isdisjoint(_LINES_OF.get(other, _NONE))
