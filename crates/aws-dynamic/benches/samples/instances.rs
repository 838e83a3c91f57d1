//! An answer of EC2's DescribeInstances.

/// 4.9 MB: 4,000 instances with ten tags each.
pub fn instances() -> String {
    let reservations: String = (0..4_000).map(reservation).collect();
    format!(
        "<DescribeInstancesResponse><reservationSet>{reservations}</reservationSet>\
         </DescribeInstancesResponse>"
    )
}

fn reservation(place: usize) -> String {
    let tag = |tag| format!("<item><key>key-{tag}</key><value>value-{place}-{tag}</value></item>");
    let tags: String = (0..10).map(tag).collect();
    format!(
        "<item><instancesSet><item><instanceId>i-{place:017}</instanceId>\
         <imageId>ami-0123456789abcdef0</imageId><instanceState><code>16</code><name>running</name>\
         </instanceState><privateDnsName>ip-10-0-0-1.ec2.internal</privateDnsName>\
         <instanceType>m5.large</instanceType><launchTime>2026-01-31T12:00:00.000Z</launchTime>\
         <placement><availabilityZone>us-east-1a</availabilityZone><tenancy>default</tenancy>\
         </placement><ebsOptimized>false</ebsOptimized><blockDeviceMapping><item>\
         <deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId><deleteOnTermination>true\
         </deleteOnTermination></ebs></item></blockDeviceMapping><tagSet>{tags}</tagSet></item>\
         </instancesSet></item>"
    )
}
