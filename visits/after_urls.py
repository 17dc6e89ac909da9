from django.urls import path

from visits import after_views as views

urlpatterns = [
    path("visits/double/", views.double_list, name="double_list"),
    path("visits/<int:pk>/correct/", views.visit_correct, name="visit_correct"),
    path("visits/<int:pk>/join/<int:other>/", views.visit_join, name="visit_join"),
    path("visits/<int:pk>/apart/<int:other>/", views.visit_apart, name="visit_apart"),
    path("visits/<int:pk>/separate/", views.visit_separate, name="visit_separate"),
    path("promises/<int:pk>/keep/", views.promise_keep, name="promise_keep"),
    path("promises/<int:pk>/reopen/", views.promise_reopen, name="promise_reopen"),
    path(
        "promises/<int:pk>/take-back/",
        views.promise_take_back,
        name="promise_take_back",
    ),
]
