from django.urls import path

from cases import views

app_name = "cases"
urlpatterns = [
    path("cases/", views.case_list, name="case_list"),
    path("cases/new/", views.case_new, name="case_new"),
    path("cases/find/", views.case_find, name="case_find"),
    path("cases/items/", views.item_list, name="item_list"),
    path("cases/items/new/", views.item_new, name="item_new"),
    path("cases/items/<int:pk>/", views.item_edit, name="item_edit"),
    path("cases/items/words/new/", views.words_new, name="words_new"),
    path("cases/items/words/<int:pk>/", views.words_edit, name="words_edit"),
    path("cases/items/words/<int:pk>/stop/", views.words_stop, name="words_stop"),
    path("cases/helpers/", views.helper_list, name="helper_list"),
    path("cases/helpers/<int:pk>/end/", views.helper_end, name="helper_end"),
    path("cases/tally/", views.tally_new, name="tally_new"),
    path("cases/counts/", views.count_list, name="count_list"),
    path("cases/<int:pk>/", views.case_detail, name="case_detail"),
    path("cases/<int:pk>/show/", views.case_show, name="case_show"),
    path("cases/<int:pk>/copy/", views.case_copy, name="case_copy"),
    path("cases/<int:pk>/edit/", views.case_edit, name="case_edit"),
    path("cases/<int:pk>/start/", views.case_start, name="case_start"),
    path("cases/<int:pk>/readings/", views.case_readings, name="case_readings"),
    path("cases/<int:pk>/stand-in/end/", views.stand_in_end, name="stand_in_end"),
    path("cases/<int:pk>/step/<slug:step>/", views.case_step, name="case_step"),
]
