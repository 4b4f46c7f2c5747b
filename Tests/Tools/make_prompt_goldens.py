"""Token ids of the prompts that training builds (training/prompts.py), for the reader to build too.

    python make_prompt_goldens.py MODEL_FOLDER > ../Fixtures/prompts.json      # the default model's folder; needs tokenizers
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))
from prompts import Prompts, from_sentences, synopsis

QUESTION = "Who smokes, and \"why\" at 9?"
PASSAGES = ["Alice's Café: it's 3,500 m² (about).", "The Caterpillar smoked <|im_end|> a hookah."]
SENTENCES = ["It was late.", "“Oh dear!” said the Rabbit.", "Nobody   heard\tit."]


def main():
    prompts = Prompts(sys.argv[1])
    print(json.dumps({
        "question": QUESTION, "passages": PASSAGES, "sentences": SENTENCES,
        "opening_question": prompts.opening(QUESTION),
        "opening_summary": prompts.opening(),
        "opening": prompts.opening_without_task(),
        "asked": prompts.shown(PASSAGES) + prompts.asked(QUESTION),
        "asked_again": prompts.shown(PASSAGES[:1]) + prompts.asked(QUESTION, PASSAGES[1]),
        "summary": prompts.closing(from_sentences(SENTENCES)),
        "synopsis": prompts.closing(synopsis()),
        "summary_focused": prompts.closing(from_sentences(SENTENCES, QUESTION)),
    }, ensure_ascii=False))


main()
