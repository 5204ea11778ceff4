"""Answers with adapters that another process saved: `python -m … REQUESTS.json`.

The file lists cases: base and adapter folder, loading and generation settings, and the question.
Writes one line of JSON: case → answers.
"""

import json
import sys
from pathlib import Path

from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation import GenerationRequest, Generator
from hansol_assets.modeling.hyperparameters import GenerationSettings


def answers(case: dict[str, object]) -> list[str]:
    generator = Generator(
        Path(str(case["base"])),
        Path(str(case["adapter"])),
        GenerationSettings.model_validate(case["generation"]),
        LoadingSettings.model_validate(case["loading"]),
    )
    messages = [{"role": "user", "content": str(case["question"])}]
    batches = generator.generate([GenerationRequest("q", messages)])
    return [generation.text for batch in batches for generation in batch]


if __name__ == "__main__":
    cases = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps({name: answers(case) for name, case in cases.items()}) + "\n")
