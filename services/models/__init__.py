"""What the stations give: brands, activities, orders, resources."""

from services.models.activity import Activity, ActivitySeries
from services.models.attendance import Attendance, Feedback
from services.models.brand import ServiceBrand
from services.models.menu import MenuItem, MenuStation
from services.models.order import Dispatch, Order, OrderAct
from services.models.resource import (
    Contact,
    Match,
    Need,
    NeedAsker,
    Offer,
    OwnBusiness,
    Provider,
    Replacement,
    Thanks,
)
from services.models.signup import Signup

__all__ = [
    "Activity",
    "ActivitySeries",
    "Attendance",
    "Contact",
    "Dispatch",
    "Feedback",
    "Match",
    "MenuItem",
    "MenuStation",
    "Need",
    "NeedAsker",
    "Offer",
    "Order",
    "OrderAct",
    "OwnBusiness",
    "Provider",
    "Replacement",
    "ServiceBrand",
    "Signup",
    "Thanks",
]
