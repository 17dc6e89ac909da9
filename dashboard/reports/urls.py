"""Below /reports/, in the dashboard's own names."""

from django.urls import path

from dashboard.reports import views

urlpatterns = [
    path("", views.report_list, name="report_list"),
    path("new/", views.report_new, name="report_new"),
    path("<int:pk>/", views.report_detail, name="report_detail"),
    path("<int:pk>/retry/", views.report_retry, name="report_retry"),
    path("<int:pk>/docx/", views.report_docx, name="report_docx"),
    path("<int:pk>/xlsx/", views.report_xlsx, name="report_xlsx"),
]
