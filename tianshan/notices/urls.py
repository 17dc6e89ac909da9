from django.urls import path

from tianshan.notices import views

app_name = "notices"
urlpatterns = [
    path("notices/", views.notice_list, name="notice_list"),
    path("notices/unread/", views.unread, name="unread"),
    path("notices/read/", views.all_read, name="all_read"),
    path("notices/<int:pk>/", views.notice_open, name="notice_open"),
]
