"""Methods make examples. To add one: a file, and a line here.

A method only generates. What is kept is decided by `data_gen.filters`, so that every reason to drop an
example has its own row in the audit's yield table.
"""

from __future__ import annotations

from lab.core.component import Registry

REGISTRY = Registry(
    "lab.methods",
    __name__,
    "Method",
    abstention_data="AbstentionData",
    abstention_pairs="AbstentionPairs",
    backtranslation="Backtranslation",
    correction_trajectories="CorrectionTrajectories",
    distillation="Distillation",
    evol_instruct="EvolInstruct",
    given="Given",
    grounded_qa="GroundedQA",
    labelled_samples="LabelledSamples",
    magpie="Magpie",
    majority_label="MajorityLabel",
    persona="Persona",
    preference_pairs="PreferencePairs",
    question_augmentation="QuestionAugmentation",
    rejection_sampling="RejectionSampling",
    self_instruct="SelfInstruct",
    step_labels="StepLabels",
    verification_data="VerificationData",
)
__getattr__ = REGISTRY.exported
