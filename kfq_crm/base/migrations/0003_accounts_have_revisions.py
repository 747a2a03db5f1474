import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("base", "0002_access_log_is_final")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="created_at",
            field=models.DateTimeField(
                auto_now_add=True, default=django.utils.timezone.now, verbose_name="logged at"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="user",
            name="updated_at",
            field=models.DateTimeField(auto_now=True, verbose_name="changed at"),
        ),
        migrations.AddField(
            model_name="user",
            name="version",
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name="revision"),
        ),
        migrations.AddField(
            model_name="user",
            name="must_change_password",
            field=models.BooleanField(
                default=False, editable=False, verbose_name="must choose a new password"
            ),
        ),
        migrations.AlterField(
            model_name="accessentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("reveal", "phone shown"),
                    ("export", "list exported"),
                    ("download", "file opened"),
                    ("sign_in", "signed in"),
                    ("sign_in_failed", "sign-in refused"),
                    ("administration", "administrative act"),
                ],
                max_length=16,
                verbose_name="kind of access",
            ),
        ),
    ]
