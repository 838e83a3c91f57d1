"""What the AWS emulator holds of RDS in us-east-1, before the first test."""


def plant(client) -> None:
    """Makes it, with clients by `client("service")`: three instances, a cluster with two members, snapshots."""
    rds = client("rds")

    def instance(name: str, engine: str, **more) -> None:
        rds.create_db_instance(
            DBInstanceIdentifier=name, DBInstanceClass="db.t4g.medium", Engine=engine, **more
        )

    def own(name: str, engine: str, gib: int, **more) -> None:
        instance(
            name, engine, AllocatedStorage=gib, MasterUsername="shop", MasterUserPassword="not-a-secret-1", **more
        )

    own("orders-db", "postgres", 100, BackupRetentionPeriod=7, Tags=[{"Key": "team", "Value": "shop"}])
    own("payments-db", "mysql", 20, MultiAZ=True)
    own("stopped-db", "postgres", 20)
    rds.create_db_snapshot(DBSnapshotIdentifier="stopped-db-last", DBInstanceIdentifier="stopped-db")
    rds.stop_db_instance(DBInstanceIdentifier="stopped-db")
    rds.create_db_cluster(
        DBClusterIdentifier="catalog",
        Engine="aurora-postgresql",
        MasterUsername="shop",
        MasterUserPassword="not-a-secret-1",
    )
    for name in ("catalog-1", "catalog-2"):
        instance(name, "aurora-postgresql", DBClusterIdentifier="catalog")
    for name in ("orders-db-1", "orders-db-2"):
        rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier="orders-db")
