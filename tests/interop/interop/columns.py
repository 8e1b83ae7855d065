"""The columns of the table, in order."""

from .libreswan import Libreswan
from .openiked import OpenIked
from .strongswan import StrongSwan, StrongSwan13
from .tree import Tree

COLUMNS = {
    StrongSwan.title: StrongSwan,
    StrongSwan13.title: lambda bed: StrongSwan13(bed, Tree.make()),
    Libreswan.title: lambda bed: Libreswan(bed, Tree.make()),
    OpenIked.title: lambda bed: OpenIked(bed, Tree.make()),
}
