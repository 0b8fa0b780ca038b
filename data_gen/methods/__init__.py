"""How examples are drawn. A new method is one new file and one more member of `Method`.

Methods generate and nothing else: what is kept is decided by `data_gen.filters`, so that every reason to
throw an example away has its own row of yield.
"""

from __future__ import annotations

from data_gen.methods.abstention_data import AbstentionData
from data_gen.methods.abstention_pairs import AbstentionPairs
from data_gen.methods.backtranslation import Backtranslation
from data_gen.methods.correction_trajectories import CorrectionTrajectories
from data_gen.methods.distillation import Distillation
from data_gen.methods.evol_instruct import EvolInstruct
from data_gen.methods.given import Given
from data_gen.methods.grounded_qa import GroundedQA
from data_gen.methods.labelled_samples import LabelledSamples
from data_gen.methods.magpie import Magpie
from data_gen.methods.majority_label import MajorityLabel
from data_gen.methods.persona import Persona
from data_gen.methods.preference_pairs import PreferencePairs
from data_gen.methods.question_augmentation import QuestionAugmentation
from data_gen.methods.rejection_sampling import RejectionSampling
from data_gen.methods.self_instruct import SelfInstruct
from data_gen.methods.step_labels import StepLabels
from data_gen.methods.verification_data import VerificationData
from lab.core.component import union_of

Method = union_of(
    "lab.methods",
    AbstentionData,
    AbstentionPairs,
    Backtranslation,
    CorrectionTrajectories,
    Distillation,
    EvolInstruct,
    Given,
    GroundedQA,
    LabelledSamples,
    Magpie,
    MajorityLabel,
    Persona,
    PreferencePairs,
    QuestionAugmentation,
    RejectionSampling,
    SelfInstruct,
    StepLabels,
    VerificationData,
)

__all__ = [
    "AbstentionData",
    "AbstentionPairs",
    "Backtranslation",
    "CorrectionTrajectories",
    "Distillation",
    "EvolInstruct",
    "Given",
    "GroundedQA",
    "LabelledSamples",
    "Magpie",
    "MajorityLabel",
    "Method",
    "Persona",
    "PreferencePairs",
    "QuestionAugmentation",
    "RejectionSampling",
    "SelfInstruct",
    "StepLabels",
    "VerificationData",
]
