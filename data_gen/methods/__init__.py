"""Methods generate examples. To add one, add a file and a line here.

A method only generates. `data_gen.filters` decides what is kept, so that every reason to drop an example has
its own row in the audit's yield table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from data_gen.methods.base import MethodComponent

    Method = MethodComponent

REGISTRY = Registry(
    "lab.methods",
    __name__,
    "Method",
    "base:MethodComponent",
    abstention_data="answers.abstention_data:AbstentionData",
    abstention_pairs="labels.abstention_pairs:AbstentionPairs",
    backtranslation="questions.backtranslation:Backtranslation",
    correction_trajectories="answers.correction_trajectories:CorrectionTrajectories",
    distillation="answers.distillation:SequenceDistillation",
    evol_instruct="questions.evol_instruct:EvolInstruct",
    given="answers.given:Given",
    grounded_qa="questions.grounded_qa:GroundedQA",
    labelled_samples="labels.labelled_samples:LabelledSamples",
    magpie="questions.magpie:Magpie",
    majority_label="answers.majority_label:MajorityLabel",
    persona="questions.persona:Persona",
    preference_pairs="labels.preference_pairs:PreferencePairs",
    question_augmentation="questions.question_augmentation:QuestionAugmentation",
    rejection_sampling="answers.rejection_sampling:RejectionSampling",
    self_instruct="questions.self_instruct:SelfInstruct",
    step_labels="labels.step_labels:StepLabels",
    verification_data="labels.verification_data:VerificationData",
)
__getattr__ = REGISTRY.exported
