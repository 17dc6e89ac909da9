"""Below /reports/, in the dashboard's own names."""

from django.urls import path

from dashboard.reports import form_views as forms
from dashboard.reports import request_views as requests
from dashboard.reports import views

urlpatterns = [
    path("", views.report_list, name="report_list"),
    path("new/", views.report_new, name="report_new"),
    path("<int:pk>/", views.report_detail, name="report_detail"),
    path("<int:pk>/retry/", views.report_retry, name="report_retry"),
    path("<int:pk>/docx/", views.report_docx, name="report_docx"),
    path("<int:pk>/xlsx/", views.report_xlsx, name="report_xlsx"),
    path("forms/", forms.form_list, name="form_list"),
    path("forms/new/", forms.form_new, name="form_new"),
    path("forms/<int:pk>/", forms.form_detail, name="form_detail"),
    path("forms/<int:pk>/edit/", forms.form_edit, name="form_edit"),
    path("forms/<int:pk>/file/", forms.form_file, name="form_file"),
    path("forms/<int:pk>/end/", forms.form_end, name="form_end"),
    path("forms/<int:pk>/filings/", forms.filing_new, name="filing_new"),
    path("filings/<int:pk>/", forms.filing_detail, name="filing_detail"),
    path("filings/<int:pk>/file/", forms.filing_file, name="filing_file"),
    path("filings/<int:pk>/<str:step>/", forms.filing_step, name="filing_step"),
    path("cells/<int:pk>/", forms.cell_edit, name="cell_edit"),
    path("asked/", requests.request_list, name="request_list"),
    path("asked/new/", requests.request_new, name="request_new"),
    path("asked/<int:pk>/", requests.request_detail, name="request_detail"),
]
