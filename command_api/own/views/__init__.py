"""Operations on the sets of views, which all tenants share."""
