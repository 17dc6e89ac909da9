from django.urls import path

from issues import views

app_name = "issues"
urlpatterns = [
    path("issues/", views.issue_list, name="issue_list"),
    path("issues/<int:pk>/", views.issue_detail, name="issue_detail"),
    path("issues/<int:pk>/decide/", views.issue_decide, name="issue_decide"),
    path("issues/<int:pk>/measures/new/", views.measure_add, name="measure_add"),
    path("issues/<int:pk>/close/", views.issue_close, name="issue_close"),
    path("matters/", views.matter_list, name="matter_list"),
    path("matters/<int:pk>/", views.matter_detail, name="matter_detail"),
    path("matters/<int:pk>/end/", views.matter_end, name="matter_end"),
    path("matters/<int:pk>/tell/", views.matter_tell, name="matter_tell"),
    path("measures/", views.measure_list, name="measure_list"),
    path("measures/<int:pk>/finish/", views.measure_finish, name="measure_finish"),
    path("demands/<int:pk>/propose/", views.issue_propose, name="issue_propose"),
    path("demands/<int:pk>/join/", views.matter_join, name="matter_join"),
    path("demands/<int:pk>/leave/", views.take_out, name="take_out"),
    path("demands/<int:pk>/matter/", views.for_demand, name="for_demand"),
]
