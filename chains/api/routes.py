from chains.api.taxonomy import Chains, Segments
from chains.api.teams import Teams
from kfq_crm.base.api.routes import addresses_of

urlpatterns = addresses_of(Chains, Segments, Teams)
