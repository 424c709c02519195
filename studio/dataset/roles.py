"""Who can hold, read or wear, and what: labels of things, by role."""

from __future__ import annotations

from studio.dataset.wording import labels

# All head, seen from the front, nothing worn yet.
HEADS = labels(
    "monkey face|dog face|wolf|fox|raccoon|cat face|lion|tiger face|cow face|pig face|mouse face|"
    "hamster|rabbit face|bear|polar bear|koala|panda|frog|robot|alien|skull|jack-o-lantern|"
    "grinning face|grinning face with big eyes|smiling face|smiling face with smiling eyes|"
    "neutral face|winking face|frowning face|face with tongue|grinning cat|"
    "grinning cat with smiling eyes|ogre"
)
BODIES = labels(
    "teddy bear|monkey|gorilla|orangutan|dog|cat|black cat|tiger|elephant|kangaroo|koala|panda|"
    "bear|polar bear|sloth|otter|beaver|hedgehog|chipmunk|rabbit|mouse|rat|chicken|rooster|"
    "baby chick|front-facing baby chick|bird|penguin|duck|owl|dodo|parrot|frog|turtle|t-rex|"
    "sauropod|dragon|octopus|crab|ghost|alien monster|robot|snowman|snowman without snow|"
    "nesting dolls|baby|child|boy|girl|person|man|woman|old man|old woman|ninja|astronaut|"
    "santa claus|mrs. claus|princess|prince|fairy|mage|elf|farmer|cook|zombie|vampire|superhero"
)
READABLE = labels(
    "closed book|open book|green book|blue book|orange book|books|notebook|newspaper|"
    "rolled-up newspaper|scroll|love letter|world map|notebook with decorative cover|ledger|"
    "page facing up|page with curl"
)
HATS = labels(
    "top hat|woman’s hat|crown|graduation cap|billed cap|military helmet|rescue worker’s helmet"
)
GLASSES = labels("glasses|sunglasses|goggles")
NECKWEAR = labels(
    "necktie|sports medal|military medal|1st place medal|2nd place medal|3rd place medal"
)
HELD = READABLE | labels(
    "bouquet|cherry blossom|rose|hibiscus|sunflower|tulip|four leaf clover|maple leaf|potted plant|"
    "cactus|mushroom|grapes|melon|watermelon|tangerine|lemon|banana|pineapple|mango|red apple|"
    "green apple|pear|peach|cherries|strawberry|blueberries|kiwi fruit|tomato|coconut|avocado|"
    "eggplant|potato|carrot|ear of corn|hot pepper|bell pepper|cucumber|broccoli|onion|bread|"
    "croissant|baguette bread|pretzel|bagel|pancakes|waffle|cheese wedge|meat on bone|poultry leg|"
    "hamburger|french fries|pizza|hot dog|sandwich|taco|burrito|egg|popcorn|ice cream|"
    "soft ice cream|doughnut|cookie|birthday cake|shortcake|cupcake|pie|chocolate bar|candy|"
    "lollipop|honey pot|baby bottle|glass of milk|hot beverage|teapot|wine glass|cocktail glass|"
    "tropical drink|beer mug|cup with straw|bubble tea|spoon|kitchen knife|balloon|wrapped gift|"
    "trophy|soccer ball|baseball|basketball|volleyball|american football|tennis|boxing glove|kite|"
    "yo-yo|water pistol|crystal ball|magic wand|game die|puzzle piece|teddy bear|umbrella|"
    "closed umbrella|star|red heart|snowflake|alarm clock|rocket|handbag|purse|backpack|ring|"
    "gem stone|megaphone|bell|microphone|guitar|violin|trumpet|saxophone|drum|mobile phone|"
    "telephone|laptop|camera|magnifying glass tilted left|candle|light bulb|flashlight|"
    "red paper lantern|coin|money bag|envelope|package|pencil|pen|paintbrush|crayon|briefcase|"
    "scissors|key|hammer|axe|dagger|bomb|boomerang|shield|wrench|screwdriver|magnet|test tube|"
    "telescope|syringe|pill|broom|basket|bucket|soap|toothbrush|sponge|placard|triangular flag"
)
# Who and what takes part in each action.
PARTS = {
    "holding": (BODIES | HEADS, HELD),
    "reading": (BODIES | HEADS, READABLE),
    "wearing": (HEADS, HATS | GLASSES | NECKWEAR),
}


def worn(label: str) -> str:
    """How a thing is worn: "hat", "glasses" or "neck"."""
    return "hat" if label in HATS else "glasses" if label in GLASSES else "neck"
