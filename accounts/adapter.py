"""How allauth behaves here: nobody signs up; accounts are made by the administrator."""

from allauth.account.adapter import DefaultAccountAdapter


class PortalAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False
