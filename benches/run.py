#!/usr/bin/env python3
"""The benchmark: what the server costs, beside what nothing could do faster, in one run and in turns.

    benches/run.py [--build] [--server PATH] [--typed PATH] [--before PATH] [--peer NAME=COMMAND]...

Needs Linux, CPython 3.11 or later, a C compiler as `cc`, and two programs that are built beforehand:

    cargo build --release --locked
    cargo build --release --locked --example typed_client      (or: --build)

Takes less than four minutes, listens on 127.0.0.1 only, and reaches no AWS account: an AWS of its own (fakeaws.c)
answers. Rounds are interleaved, so that whatever else the machine does hits every contender alike. A goal is judged by
the median where nothing else is said. A missed goal is printed, it does not fail the run.

--before measures the writes of figure 6 with an earlier program too: beside one that kept no record, it shows what the
record and the approval add. Where strace is there, it counts the fsyncs.

--peer measures the start of another MCP server too. COMMAND is the server itself, not a launcher such as npx, since
memory is read of that one process; it is started without network.
"""
import argparse
import contextlib
import ctypes
import json
import math
import os
import platform
import random
import re
import select
import shlex
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = '2025-11-25'
INSTANCES = 1_000
SERVICES = 1_000
ALARMS = 1_000
SNAPSHOTS = 500
PROFILES = 200
DELAY_MS = 50
AT_ONCE = 100
READS = 4_000
IN_FLIGHT = 16
# Two requests each: an earlier program, whose limits cannot be raised, lets 500 through at once.
WRITES = 240
TRACED = 20
# Seconds that each figure may take, and the whole; a figure that is cut short has fewer rounds.
SECONDS = 25
MOST = 220
# How long one answer may take, and a child's end.
PATIENCE = 20
FAREWELL = 5
MIB = 1 << 20
now = time.perf_counter
END = now() + MOST


class Silence(Exception):
    """A child did not answer in time, or ended."""


# ---- the data: instances as the AWS CLI prints them, and the same as EC2 sends them

# Members whose name in XML is not their own with a small first letter.
IN_XML = {
    'Reservations': 'reservationSet', 'Instances': 'instancesSet', 'Reservations.Groups': 'groupSet',
    'Instances.State': 'instanceState', 'Instances.PublicDnsName': 'dnsName', 'Instances.PublicIpAddress': 'ipAddress',
    'Instances.StateTransitionReason': 'reason', 'Instances.BlockDeviceMappings': 'blockDeviceMapping',
    'Instances.NetworkInterfaces': 'networkInterfaceSet', 'Instances.SecurityGroups': 'groupSet',
    'Instances.Tags': 'tagSet', 'NetworkInterfaces.Groups': 'groupSet',
    'NetworkInterfaces.Ipv6Addresses': 'ipv6AddressesSet',
    'NetworkInterfaces.PrivateIpAddresses': 'privateIpAddressesSet',
}


def instance(number, dice):
    """A web server in a VPC, with the members that EC2 sends for one."""
    def made_up(prefix, digits=17):
        return f'{prefix}{dice.getrandbits(4 * digits):0{digits}x}'

    block, host = divmod(number, 250)
    private, public = f'10.0.{block}.{host + 4}', f'198.51.{block}.{host + 4}'
    private_name = f'ip-{private.replace(".", "-")}.ec2.internal'
    public_name = f'ec2-{public.replace(".", "-")}.compute-1.amazonaws.com'
    launched = f'2026-03-01T10:{number % 60:02}:00.000Z'
    subnet, vpc = f'subnet-0b1c{number % 3:013x}', 'vpc-0a1b2c3d4e5f60718'
    groups = [{'GroupId': 'sg-0123456789abcdef0', 'GroupName': 'web'},
              {'GroupId': 'sg-0fedcba9876543210', 'GroupName': 'default'}]
    association = {'IpOwnerId': 'amazon', 'PublicDnsName': public_name, 'PublicIp': public}
    tags = {'Name': f'web-{number:04}', 'env': ('prod', 'staging', 'dev')[number % 3], 'team': f'team-{number % 7}',
            'aws:autoscaling:groupName': f'web-{number % 10}'}
    return {
        'Architecture': 'x86_64',
        'BlockDeviceMappings': [{'DeviceName': '/dev/xvda', 'Ebs': {
            'AttachTime': launched, 'DeleteOnTermination': True, 'Status': 'attached',
            'VolumeId': made_up('vol-')}}],
        'ClientToken': made_up('', 32),
        'EbsOptimized': True,
        'EnaSupport': True,
        'Hypervisor': 'xen',
        'IamInstanceProfile': {'Arn': 'arn:aws:iam::123456789012:instance-profile/web', 'Id': 'AIPAEXAMPLEEXAMPLEEXA'},
        'NetworkInterfaces': [{
            'Association': association,
            'Attachment': {'AttachTime': launched, 'AttachmentId': made_up('eni-attach-'), 'DeleteOnTermination': True,
                           'DeviceIndex': 0, 'Status': 'attached', 'NetworkCardIndex': 0},
            'Description': '', 'Groups': groups, 'Ipv6Addresses': [],
            'MacAddress': f'02:a1:{block:02x}:{host:02x}:0e:5f', 'NetworkInterfaceId': made_up('eni-'),
            'OwnerId': '123456789012', 'PrivateDnsName': private_name, 'PrivateIpAddress': private,
            'PrivateIpAddresses': [{'Association': association, 'Primary': True, 'PrivateDnsName': private_name,
                                    'PrivateIpAddress': private}],
            'SourceDestCheck': True, 'Status': 'in-use', 'SubnetId': subnet, 'VpcId': vpc,
            'InterfaceType': 'interface'}],
        'RootDeviceName': '/dev/xvda',
        'RootDeviceType': 'ebs',
        'SecurityGroups': groups,
        'SourceDestCheck': True,
        'Tags': [{'Key': key, 'Value': value} for key, value in tags.items()],
        'VirtualizationType': 'hvm',
        'CpuOptions': {'CoreCount': 1, 'ThreadsPerCore': 2},
        'CapacityReservationSpecification': {'CapacityReservationPreference': 'open'},
        'HibernationOptions': {'Configured': False},
        'MetadataOptions': {'State': 'applied', 'HttpTokens': 'required', 'HttpPutResponseHopLimit': 2,
                            'HttpEndpoint': 'enabled', 'HttpProtocolIpv6': 'disabled',
                            'InstanceMetadataTags': 'disabled'},
        'EnclaveOptions': {'Enabled': False},
        'BootMode': 'uefi-preferred',
        'PlatformDetails': 'Linux/UNIX',
        'UsageOperation': 'RunInstances',
        'UsageOperationUpdateTime': launched,
        'MaintenanceOptions': {'AutoRecovery': 'default'},
        'CurrentInstanceBootMode': 'legacy-bios',
        'InstanceId': made_up('i-'),
        'ImageId': 'ami-0a1b2c3d4e5f60718',
        'State': {'Code': 16, 'Name': 'running'},
        'PrivateDnsName': private_name,
        'PublicDnsName': public_name,
        'StateTransitionReason': '',
        'KeyName': 'ops',
        'AmiLaunchIndex': 0,
        'ProductCodes': [],
        'InstanceType': 'm6i.large',
        'LaunchTime': launched,
        'Placement': {'AvailabilityZoneId': f'use1-az{number % 3 + 1}', 'GroupName': '', 'Tenancy': 'default',
                      'AvailabilityZone': f'us-east-1{"abc"[number % 3]}'},
        'Monitoring': {'State': 'disabled'},
        'SubnetId': subnet,
        'VpcId': vpc,
        'PrivateIpAddress': private,
        'PublicIpAddress': public,
    }


def reservations():
    """The whole answer, in the shape of `aws ec2 describe-instances`."""
    dice = random.Random(1)
    return {'Reservations': [{
        'ReservationId': f'r-{dice.getrandbits(68):017x}', 'OwnerId': '123456789012', 'Groups': [],
        'Instances': [instance(number, dice)],
    } for number in range(INSTANCES)]}


def xml(value, within=''):
    """The value as EC2's XML; `within` is the list or member that it belongs to."""
    if isinstance(value, dict):
        text = ''
        for name, member in value.items():
            tag = IN_XML.get(f'{within}.{name}') or IN_XML.get(name) or name[0].lower() + name[1:]
            text += f'<{tag}>{xml(member, name)}</{tag}>'
        return text
    if isinstance(value, list):
        return ''.join(f'<item>{xml(item, within)}</item>' for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def http(kind, body):
    """A whole HTTP response."""
    body = body if isinstance(body, bytes) else body.encode()
    return f'HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body


def cbor(value):
    """CBOR (RFC 8949) of what the answers of CloudWatch need; a tuple is a time."""
    def begin(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        width = next(width for width in (1, 2, 4, 8) if number < 1 << 8 * width)
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width]]) + number.to_bytes(width, 'big')

    if isinstance(value, bool):
        return b'\xf5' if value else b'\xf4'
    if isinstance(value, int):
        return begin(0, value)
    if isinstance(value, float):
        return b'\xfb' + struct.pack('>d', value)
    if isinstance(value, str):
        return begin(3, len(value.encode())) + value.encode()
    if isinstance(value, tuple):
        return begin(6, 1) + cbor(value[0])
    if isinstance(value, list):
        return begin(4, len(value)) + b''.join(map(cbor, value))
    return begin(5, len(value)) + b''.join(cbor(name) + cbor(member) for name, member in value.items())


def write_answers(folder):
    """Writes what fakeaws sends. Returns the sizes of the instances: XML, JSON, and JSON as the CLI indents it."""
    folder.mkdir()
    data = reservations()
    listing = ('<?xml version="1.0" encoding="UTF-8"?>\n'
               '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
               f'<requestId>00000000-0000-4000-8000-000000000000</requestId>{xml(data)}</DescribeInstancesResponse>')
    in_xml = 'text/xml;charset=UTF-8'
    (folder / 'DescribeInstances').write_bytes(http(in_xml, listing))
    (folder / 'GetCallerIdentity').write_bytes(http(
        in_xml,
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        '<Arn>arn:aws:iam::123456789012:user/bench</Arn><UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>'
        '<Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata>'
        '<RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></GetCallerIdentityResponse>'))
    for name, kind, body in (*services(), *alarms(), *snapshots()):
        (folder / name).write_bytes(http(kind, body))

    def size(**how):
        return len(json.dumps(data, **how).replace('.000Z"', '+00:00"'))

    return len(listing), size(separators=(',', ':')), size(indent=4)


def write_stopped(folder):
    """Writes what fakeaws sends of the one instance that figure 6 starts, which stays stopped. Returns its id."""
    stopped = instance(0, random.Random(1)) | {'State': {'Code': 80, 'Name': 'stopped'}}
    name, in_xml = stopped['InstanceId'], 'text/xml;charset=UTF-8'
    data = {'Reservations': [{'ReservationId': 'r-0a1b2c3d4e5f60718', 'OwnerId': '123456789012', 'Groups': [],
                              'Instances': [stopped]}]}
    folder.mkdir()
    for operation, body in (
        ('DescribeInstances', xml(data)),
        ('StartInstances', f'<instancesSet><item><instanceId>{name}</instanceId>'
                           '<currentState><code>0</code><name>pending</name></currentState>'
                           '<previousState><code>80</code><name>stopped</name></previousState></item></instancesSet>'),
    ):
        (folder / operation).write_bytes(http(
            in_xml, f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response '
                    'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
                    f'<requestId>00000000-0000-4000-8000-000000000000</requestId>{body}</{operation}Response>'))
    (folder / 'GetCallerIdentity').write_bytes((folder.parent / 'answers/GetCallerIdentity').read_bytes())
    return name


def page(operation, number):
    """The file of a page: the first is asked for without a token."""
    return f'{operation}.{number}' if number else operation


def services():
    """ECS: a cluster of SERVICES services, which are listed by a hundred and described by ten."""
    kind = 'application/x-amz-json-1.1'
    arn = 'arn:aws:ecs:us-east-1:123456789012:'
    tens = SERVICES // 10

    def name(number):
        # The page of its ten, by which it is found again.
        return f'shop-page-{number // 10 + tens}-{number % 10}'

    def service(number):
        deployment = {
            'id': f'ecs-svc/{number:019}', 'status': 'PRIMARY', 'taskDefinition': f'{arn}task-definition/shop:{number}',
            'desiredCount': 3, 'pendingCount': 0, 'runningCount': 3, 'failedTasks': 0, 'createdAt': 1762000000.0,
            'updatedAt': 1762000300.0, 'launchType': 'FARGATE', 'rolloutState': 'COMPLETED',
            'rolloutStateReason': f'ECS deployment ecs-svc/{number:019} completed.'}
        events = [{'id': f'{number:08}-{n:04}-4000-8000-000000000000', 'createdAt': 1762000000.0 - 21600 * n,
                   'message': f'(service {name(number)}) has reached a steady state.'} for n in range(20)]
        return {
            'serviceArn': f'{arn}service/shop/{name(number)}', 'serviceName': name(number),
            'clusterArn': f'{arn}cluster/shop', 'status': 'ACTIVE', 'desiredCount': 3, 'runningCount': 3,
            'pendingCount': 0, 'launchType': 'FARGATE', 'taskDefinition': deployment['taskDefinition'],
            'deployments': [deployment], 'events': events, 'createdAt': 1752000000.0}

    for number in range(SERVICES // 100):
        names = [f'{arn}service/shop/{name(n)}' for n in range(number * 100, number * 100 + 100)]
        more = {'nextToken': f'page-{number + 1}'} if number + 1 < SERVICES // 100 else {}
        yield page('ListServices', number), kind, json.dumps({'serviceArns': names} | more)
    for number in range(tens):
        ten = [service(n) for n in range(number * 10, number * 10 + 10)]
        yield f'DescribeServices.{number + tens}', kind, json.dumps({'services': ten, 'failures': []})


def alarms():
    """CloudWatch: ALARMS alarms by a hundred."""
    def alarm(number):
        return {
            'AlarmName': f'shop-{number:04}-errors', 'StateValue': ('OK', 'OK', 'ALARM')[number % 3],
            'AlarmArn': f'arn:aws:cloudwatch:us-east-1:123456789012:alarm:shop-{number:04}-errors',
            'ActionsEnabled': True, 'StateTransitionedTimestamp': (1762000000.0 + number,),
            'StateUpdatedTimestamp': (1762000000.0 + number,), 'EvaluationPeriods': 3, 'DatapointsToAlarm': 3,
            'StateReason': 'Threshold Crossed: 3 datapoints were greater than the threshold (10.0).',
            'MetricName': 'HTTPCode_Target_5XX_Count', 'Namespace': 'AWS/ApplicationELB', 'Statistic': 'Sum',
            'Dimensions': [{'Name': 'LoadBalancer', 'Value': f'app/shop-{number:04}/0123456789abcdef'}],
            'Period': 60, 'Threshold': 10.0, 'ComparisonOperator': 'GreaterThanThreshold',
            'AlarmActions': ['arn:aws:sns:us-east-1:123456789012:on-call']}

    for number in range(ALARMS // 100):
        more = {'NextToken': f'page-{number + 1}'} if number + 1 < ALARMS // 100 else {}
        hundred = [alarm(n) for n in range(number * 100, number * 100 + 100)]
        yield page('DescribeAlarms', number), 'application/cbor', cbor({'MetricAlarms': hundred} | more)


def snapshots():
    """RDS: SNAPSHOTS snapshots by a hundred."""
    def snapshot(number):
        return (
            f'<DBSnapshot><DBSnapshotIdentifier>rds:shop-{number:04}</DBSnapshotIdentifier>'
            f'<DBInstanceIdentifier>shop-{number % 20}</DBInstanceIdentifier><Engine>postgres</Engine>'
            '<EngineVersion>17.4</EngineVersion><Status>available</Status><SnapshotType>automated</SnapshotType>'
            f'<SnapshotCreateTime>2026-10-01T03:{number % 60:02}:00.000Z</SnapshotCreateTime>'
            '<AllocatedStorage>500</AllocatedStorage><Encrypted>true</Encrypted><PercentProgress>100</PercentProgress>'
            '<Port>5432</Port><VpcId>vpc-0a1b2c3d4e5f60718</VpcId><MasterUsername>shop</MasterUsername>'
            f'<DBSnapshotArn>arn:aws:rds:us-east-1:123456789012:snapshot:rds:shop-{number:04}</DBSnapshotArn>'
            '</DBSnapshot>')

    for number in range(SNAPSHOTS // 100):
        more = f'<Marker>page-{number + 1}</Marker>' if number + 1 < SNAPSHOTS // 100 else ''
        hundred = ''.join(snapshot(n) for n in range(number * 100, number * 100 + 100))
        yield page('DescribeDBSnapshots', number), 'text/xml', (
            '<DescribeDBSnapshotsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeDBSnapshotsResult>'
            f'<DBSnapshots>{hundred}</DBSnapshots>{more}</DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>')


def write_profiles(home):
    """A ~/.aws/config of an engineer in a large organisation: single sign-on, and roles assumed from it."""
    text = ('[sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = us-east-1\n'
            'sso_registration_scopes = sso:account:access\n\n[default]\nregion = us-east-1\n\n')
    for number in range(PROFILES - 1):
        text += f'[profile team-{number:03}]\nregion = eu-west-1\noutput = json\n'
        if number % 2:
            text += f'role_arn = arn:aws:iam::{10**11 + number}:role/engineer\nsource_profile = team-000\n\n'
        else:
            text += f'sso_session = corp\nsso_account_id = {10**11 + number}\nsso_role_name = Engineer\n\n'
    (home / '.aws').mkdir(parents=True)
    (home / '.aws' / 'config').write_text(text)


# ---- children and sockets

class Child:
    """A program that reads lines and writes lines. Ends with its stdin; if it does not, it is killed."""

    def __init__(self, command, env):
        self.begun = now()
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0)
        self.into, self.out = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.ready = select.poll()
        self.ready.register(self.out, select.POLLIN)
        self.held = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def write(self, data):
        while data:
            try:
                data = data[os.write(self.into, data):]
            except BrokenPipeError:
                raise Silence(f'{self.process.args[0]} ended') from None

    def line(self):
        """The next line, and when it was whole."""
        seen, until = 0, min(now() + PATIENCE, END)
        while (at := self.held.find(b'\n', seen)) < 0:
            seen = len(self.held)
            if not self.ready.poll(max(0, until - now()) * 1e3):
                raise Silence(f'{self.process.args[0]} did not answer in time')
            chunk = os.read(self.out, MIB)
            if not chunk:
                raise Silence(f'{self.process.args[0]} ended')
            self.held += chunk
        when, line = now(), bytes(self.held[:at])
        del self.held[:at + 1]
        return when, line

    def peak(self):
        """The most memory that the process has held so far, in bytes."""
        for line in Path(f'/proc/{self.process.pid}/status').read_text().splitlines():
            if line.startswith('VmHWM:'):
                return int(line.split()[1]) * 1024
        return 0


class Server(Child):
    """An MCP server."""

    def __init__(self, command, env):
        super().__init__(command, env)
        self.last = 0

    def message(self, method, params):
        self.last += 1
        return one_line({'jsonrpc': '2.0', 'id': self.last, 'method': method, 'params': params})

    def answer(self):
        """The next answer, when it came, and its line."""
        while True:
            when, line = self.line()
            message = json.loads(line)
            if 'method' not in message and 'id' in message:
                if 'result' not in message or message['result'].get('isError'):
                    raise Silence(f'{self.process.args[0]} failed: {line[:400]!r}')
                return when, message['result'], line

    def ask(self, method, params):
        """Milliseconds until the answer is whole, the result, and the line."""
        data = self.message(method, params)
        begun = now()
        self.write(data)
        when, result, line = self.answer()
        return (when - begun) * 1e3, result, line

    def call(self, tool, arguments):
        return self.ask('tools/call', {'name': tool, 'arguments': arguments})

    def burst(self, count, tool):
        """Writes all calls at once. Milliseconds until the last answer is whole."""
        data = b''.join(self.message('tools/call', {'name': tool, 'arguments': {}}) for _ in range(count))
        begun = now()
        self.write(data)
        lines = [self.line() for _ in range(count)]
        for _, line in lines:
            if json.loads(line).get('result', {'isError': True}).get('isError'):
                raise Silence(f'a call failed: {line[:400]!r}')
        return (lines[-1][0] - begun) * 1e3

    def stream(self, count, in_flight, tool):
        """So many calls, so many of them at any time. Seconds until the last answer is whole."""
        params, begun = {'name': tool, 'arguments': {}}, now()
        self.write(b''.join(self.message('tools/call', params) for _ in range(in_flight)))
        for done in range(count):
            _, line = self.line()
            if b'"isError":true' in line or b'"result"' not in line:
                raise Silence(f'a call failed: {line[:400]!r}')
            if done < count - in_flight:
                self.write(self.message('tools/call', params))
        return now() - begun

    def approved(self, tool, arguments):
        """A call that a person is asked about by a form: this types the code that the form shows, as the person does.
        Milliseconds from then until the answer is whole."""
        self.write(self.message('tools/call', {'name': tool, 'arguments': arguments}))
        while True:
            asked = json.loads(self.line()[1])
            if asked.get('method') == 'elicitation/create':
                break
            if 'method' not in asked:
                raise Silence(f'nobody was asked: {str(asked)[:400]}')
        code = re.search(r'type the code (\w+)\.', asked['params']['message']).group(1)
        data = one_line({'jsonrpc': '2.0', 'id': asked['id'],
                         'result': {'action': 'accept', 'content': {'code': code}}})
        begun = now()
        self.write(data)
        when, result, _ = self.answer()
        if result['structuredContent']['status'] != 'done':
            raise Silence(f'not done: {result}')
        return (when - begun) * 1e3

    def initialize(self, capabilities=None):
        """The handshake. Milliseconds from before the process was there until the answer."""
        client = {'protocolVersion': PROTOCOL, 'capabilities': capabilities or {},
                  'clientInfo': {'name': 'benches', 'version': '0'}}
        self.write(self.message('initialize', client))
        when, _, _ = self.answer()
        self.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return (when - self.begun) * 1e3

    def tools(self):
        """Every tool, and the bytes of the answers that carried them."""
        tools, size, params = [], 0, {}
        while True:
            _, result, line = self.ask('tools/list', params)
            tools += result['tools']
            size += len(line) + 1
            if not result.get('nextCursor'):
                return tools, size
            params = {'cursor': result['nextCursor']}


def one_line(message):
    return json.dumps(message, separators=(',', ':')).encode() + b'\n'


class Plain:
    """A socket that sends one request again and again: the backend's own round trip."""

    room = memoryview(bytearray(16 * MIB))

    def __init__(self, port, service, action, version):
        body = f'Action={action}&Version={version}'
        self.request = (
            f'POST / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/x-www-form-urlencoded\r\n'
            f'content-length: {len(body)}\r\nx-amz-date: 20260101T000000Z\r\n'
            f'authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/{service}/aws4_request, '
            f'SignedHeaders=content-length;content-type;host;x-amz-date, Signature={"0" * 64}\r\n\r\n{body}').encode()
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self):
        self.socket.sendall(self.request)

    def receive(self):
        got, whole = 0, math.inf
        while got < whole:
            more = self.socket.recv_into(self.room[got:])
            if not more:
                raise Silence('the backend closed the connection')
            got += more
            if whole is math.inf:
                head, end, _ = bytes(self.room[:got]).partition(b'\r\n\r\n')
                if end:
                    whole = len(head) + 4 + int(head.rpartition(b'Content-Length: ')[2])

    def time(self):
        begun = now()
        self.send()
        self.receive()
        return (now() - begun) * 1e3


# ---- rounds and figures

def in_turns(rounds, contenders, seconds=SECONDS):
    """Lets every contender have its turn in every round, in an order that changes. Returns name -> milliseconds."""
    taken = {name: [] for name in contenders}
    order, until = list(contenders), min(now() + seconds, END)
    for done in range(rounds):
        if done >= 3 and now() > until:
            break
        for name in order:
            taken[name].append(contenders[name]())
        order = order[1:] + order[:1]
    return taken


def row(name, values, after=''):
    ordered = sorted(values)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    print(f'   {name:<46}{ordered[0]:>10.3f}{statistics.median(ordered):>10.3f}{p95:>10.3f}  {after}', flush=True)


def head(title, rounds=None):
    columns = f'{"min":>10}{"median":>10}{"p95":>10}  {rounds} rounds' if rounds else ''
    print(f'\n{title:<49}{columns}')


def goal(text, met):
    print(f'   goal: {text}: {"met" if met else "MISSED"}', flush=True)


def middle(values):
    return statistics.median(values)


def without_network(measure):
    """Runs `measure` in a child process that has no network, where the system lets us make one."""
    sys.stdout.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        with os.fdopen(reader) as pipe:
            text = pipe.read()
        os.waitpid(child, 0)
        if not text:
            raise Silence('the measuring process ended')
        return json.loads(text)
    try:
        os.close(reader)
        user, network = 0x10000000, 0x40000000
        unshare = getattr(ctypes.CDLL(None), 'unshare', lambda _: -1)
        cut_off = unshare(network) == 0 or unshare(user | network) == 0
        with os.fdopen(writer, 'w') as pipe:
            json.dump([cut_off, measure()], pipe)
    except Exception as error:
        print(f'   {error}', flush=True)
    finally:
        sys.stdout.flush()
        os._exit(0)


def start_up(floor, server, peers, homes, keys):
    """1. Cold start: process, handshake, memory."""
    cases = {
        'floor: a responder in C': (floor, homes['empty']),
        '(a) no credentials, no network': (server, homes['empty']),
        '(b) keys in the environment': (server, homes['empty'] | keys),
        f'(c) {PROFILES} profiles in ~/.aws/config': (server, homes['profiles']),
    }
    ours = list(cases)[1:]
    cases |= {f'peer: {name}': (command, homes['empty'] | keys) for name, command in peers.items()}

    def measure():
        peaks = {name: 0 for name in cases}
        silent = {}

        def start(name):
            command, env = cases[name]
            if name in silent:
                return math.inf
            try:
                with Server(command, env) as child:
                    took = child.initialize()
                    peaks[name] = max(peaks[name], child.peak())
                    return took
            except (Silence, OSError, ValueError) as error:
                silent[name] = str(error)
                return math.inf

        contenders = {name: lambda name=name: start(name) for name in cases}
        in_turns(1, contenders)
        taken = in_turns(60, contenders, 45 if peers else SECONDS)
        return taken, peaks, silent

    with Server(server, homes['profiles']) as child:
        child.initialize()
        _, listed, _ = child.call('aws_list_profiles', {})
    listed = json.loads(listed['content'][0]['text'])
    cut_off, (taken, peaks, silent) = without_network(measure)
    head('1. cold start to the initialize reply, ms', len(taken[ours[0]]))
    for name, values in taken.items():
        if name in silent:
            print(f'   {name:<46}{silent[name]}')
        else:
            row(name, values, f'{peaks[name] / MIB:.1f} MiB at the peak')
    if not cut_off:
        print('   (this system lets us take no network away: it was there)')
    print(f'   (in (c) aws_list_profiles finds {listed["count"]})')
    goal('under 10 ms in (a), (b) and (c)', all(middle(taken[name]) < 10 for name in ours))
    goal('at most 20 MiB in (a), (b) and (c)', all(0 < peaks[name] <= 20 * MIB for name in ours))


def longest_list(body):
    return max((len(member) for member in body.values() if isinstance(member, list)), default=0)


def identity(floor, server, typed, port, env):
    """2. One call that asks AWS one small thing."""
    with contextlib.ExitStack() as stack:
        pipe = stack.enter_context(Server(floor, env))
        ours = stack.enter_context(Server(server, env))
        plain = stack.enter_context(Plain(port, 'sts', 'GetCallerIdentity', '2011-06-15'))
        pipe.initialize()
        ours.initialize()
        contenders = {
            'floor: the backend, by a plain socket': plain.time,
            'floor: stdio alone, the responder in C': lambda: pipe.call('nothing', {})[0],
            'aws_get_account_info': lambda: ours.call('aws_get_account_info', {})[0],
        }
        if typed:
            client = stack.enter_context(Child([typed, f'http://127.0.0.1:{port}'], env))
            contenders['the typed client alone'] = lambda: typed_call(client, 'sts')
        in_turns(20, contenders)
        taken = in_turns(500, contenders)
    first, _, own = list(taken)[:3]
    extra = [a - b for a, b in zip(taken[own], taken[first])]
    head('2. identity call over a kept-alive connection, ms', len(extra))
    for name, values in taken.items():
        row(name, values)
    row('ours minus the backend, in pairs', extra)
    goal('ours minus the backend under 0.5 ms', middle(extra) < 0.5)


def typed_call(client, word):
    client.write(word.encode() + b'\n')
    return float(client.line()[1])


def fan_out(server, port, env):
    """3. Many calls at once to an AWS that takes its time."""
    def backend():
        with contextlib.ExitStack() as stack:
            begun = now()
            sockets = [stack.enter_context(Plain(port, 'sts', 'GetCallerIdentity', '2011-06-15'))
                       for _ in range(AT_ONCE)]
            for one in sockets:
                one.send()
            for one in sockets:
                one.receive()
            return (now() - begun) * 1e3

    def ours():
        with Server(server, env) as child:
            child.initialize()
            child.call('aws_get_account_info', {})
            return child.burst(AT_ONCE, 'aws_get_account_info')

    taken = in_turns(20, {'floor: plain sockets, new connections': backend, 'aws_get_account_info': ours})
    head(f'3. {AT_ONCE} calls at once, {DELAY_MS} ms each, ms', len(taken['aws_get_account_info']))
    for name, values in taken.items():
        row(name, values)
    goal('all answered in under 90 ms', middle(taken['aws_get_account_info']) < 90)


def listing(server, typed, port, env, sizes, folder):
    """4. A thousand instances: time beside the typed client's, bytes beside the raw answer's."""
    in_xml, raw, indented = sizes
    last, whole = {}, 'ec2_list_instances, answers uncut'
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(Plain(port, 'ec2', 'DescribeInstances', '2016-11-15'))
        contenders = {'floor: the same bytes by a plain socket': plain.time}

        def call(name, ours):
            took, *last[name] = ours.call('ec2_list_instances', {'limit': INSTANCES})
            return took

        for name, flags in (('ec2_list_instances', []), (whole, ['--config', str(folder / 'roomy.toml')])):
            ours = stack.enter_context(Server(server + flags, env))
            ours.initialize()
            contenders[name] = lambda name=name, ours=ours: call(name, ours)
        if typed:
            client = stack.enter_context(Child([typed, f'http://127.0.0.1:{port}'], env))
            contenders['the typed client alone'] = lambda: typed_call(client, 'ec2')
        in_turns(3, contenders)
        taken = in_turns(60, contenders, 40)
    head(f'4. {INSTANCES:,} instances, {in_xml:,} bytes of XML, ms', len(taken['ec2_list_instances']))
    for name, values in taken.items():
        row(name, values)
    if typed:
        pairs = list(zip(taken['ec2_list_instances'], taken['the typed client alone']))
        row('ours / the typed client, in pairs', [a / b for a, b in pairs])
        goal('at most 1.3 times the typed client', middle([a / b for a, b in pairs]) <= 1.3)
    each = raw / INSTANCES
    print(f'   {"":<53}{"bytes":>10}{"rows":>6}{"per row":>9}  1/n of raw, and per row')

    def weigh(name, size, rows):
        print(f'   {name:<53}{size:>10,}{rows:>6,}{size / rows:>9,.0f}{raw / size:>8.1f}{each / (size / rows):>8.1f}')

    weigh('raw: JSON in the shape of the AWS CLI, compact', raw, INSTANCES)
    weigh('   the same as the CLI indents it', indented, INSTANCES)
    for name, (result, line) in last.items():
        text = result['content'][0]['text'].encode()
        rows = longest_list(json.loads(text))
        weigh(f'{name}, as sent', len(line) + 1, rows)
        weigh('   its text alone', len(text), rows)
    result, line = last['ec2_list_instances']
    rows, sent = longest_list(json.loads(result['content'][0]['text'])), len(line) + 1
    goal('as sent at most 1/15 of raw JSON', sent * 15 <= raw)
    goal('the same per row', sent / rows * 15 <= each)


def large(server, env, folder, answers):
    """5. Large listings of the other services, whole."""
    cases = {
        'ecs_list_services': ({'cluster': 'shop', 'limit': SERVICES}, 'Services'),
        'cloudwatch_list_alarms': ({'limit': ALARMS}, 'DescribeAlarms'),
        'rds_list_snapshots': ({'limit': SNAPSHOTS}, 'DescribeDBSnapshots'),
    }
    last = {}
    with contextlib.ExitStack() as stack:
        contenders = {}
        for title, config in (('', 'unlimited.toml'), (', uncut', 'roomy.toml')):
            ours = stack.enter_context(Server(server + ['--config', str(folder / config)], env))
            ours.initialize()
            for tool, (given, _) in cases.items():
                def call(name, tool=tool, given=given, ours=ours):
                    took, *last[name] = ours.call(tool, given)
                    return took

                contenders[tool + title] = lambda name=tool + title, call=call: call(name)
        in_turns(2, contenders)
        taken = in_turns(20, contenders)
    head(f'5. {SERVICES:,} services, {ALARMS:,} alarms, {SNAPSHOTS} snapshots, ms', len(taken['ecs_list_services']))
    for name, values in taken.items():
        row(name, values)
    print(f'   {"":<53}{"bytes":>10}{"rows":>6}{"per row":>9}  1/n of AWS\'s answers')
    for name, (result, line) in last.items():
        tool = name.partition(',')[0]
        from_aws = sum(file.stat().st_size for file in answers.iterdir() if cases[tool][1] in file.name)
        rows = longest_list(json.loads(result['content'][0]['text']))
        print(f'   {name:<53}{len(line) + 1:>10,}{rows:>6,}{(len(line) + 1) / rows:>9,.0f}{from_aws / len(line):>8.1f}')


def record(server, before, homes, keys, folder):
    """6. What the record of calls and a person's approval cost."""
    answers = folder / 'stopped'
    given = {'instance_id': write_stopped(answers)}
    policies = {}
    for mode in ('full', 'confirm'):
        policies[mode] = ['--policy', str(folder / f'{mode}.yaml')]
        (folder / f'{mode}.yaml').write_text(f'version: 1\nmode: {mode}\napproval: {{ways: [form]}}\n')
    (folder / 'before.yaml').write_text('version: 1\nmode: full\n')
    memory = Path('/dev/shm')
    with contextlib.ExitStack() as stack:
        fake = stack.enter_context(Child([str(folder / 'fakeaws'), str(answers), '0'], homes['empty']))
        port = int(fake.line()[1])
        in_memory = Path(stack.enter_context(tempfile.TemporaryDirectory(
            prefix='aws-mcp-benches-', dir=memory if os.access(memory, os.W_OK) else folder)))

        def state(place, name):
            return homes['empty'] | keys | {
                'AWS_ENDPOINT_URL': f'http://127.0.0.1:{port}', 'AWS_MCP_STATE_DIR': str(place / f'state-{name}')}

        start = server + ['--config', str(folder / 'unlimited.toml')]
        reads_of(start + policies['confirm'], state(folder, 'reads'))
        writes_of(
            {
                'write, its record in memory': (start + policies['full'], state(in_memory, 'full')),
                'write, its record on disk': (start + policies['full'], state(folder, 'full')),
                'approved write, its record in memory': (start + policies['confirm'], state(in_memory, 'confirm')),
                'approved write, its record on disk': (start + policies['confirm'], state(folder, 'confirm')),
            } | ({'write, the program before': (before + ['--policy', str(folder / 'before.yaml')],
                                                state(folder, 'before'))} if before else {}),
            port, folder, given)
        fsyncs_of(start, policies, state(folder, 'traced'), folder, given)


def reads_of(command, env):
    tool, taken = 'ec2_list_instances', []
    with Server(command, env) as ours:
        ours.initialize()
        ours.call(tool, {})
        until = min(now() + SECONDS, END)
        while len(taken) < 5 and (len(taken) < 2 or now() < until):
            taken.append(ours.stream(READS, IN_FLIGHT, tool))
    calls = 1 + len(taken) * READS
    verified = subprocess.run([command[0], 'audit', 'verify'], env=env, capture_output=True, text=True,
                              timeout=PATIENCE)
    reads = 0
    for file in Path(env['AWS_MCP_STATE_DIR'], 'audit').glob('*.jsonl'):
        with file.open() as lines:
            reads += sum(one['event'] == 'read' and one['tool'] == tool for one in map(json.loads, lines))
    head(f'6. what goes on record: reads, {IN_FLIGHT} under way')
    print(f'   {tool}, calls per second, {len(taken)} rounds of {READS:,}: {READS / max(taken):,.0f} to '
          f'{READS / min(taken):,.0f}, median {READS / middle(taken):,.0f}')
    print(f'   {calls:,} calls, {reads:,} records of them; audit verify: {verified.stdout.partition(",")[0]}')
    goal('1,000 audited reads a second, each on record, the chain intact',
         READS / middle(taken) >= 1_000 and reads == calls and verified.returncode == 0)


def writes_of(cases, port, folder, given):
    scratch = os.open(folder / 'scratch', os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append():
        begun = now()
        os.write(scratch, b'x' * 1_000)
        os.fdatasync(scratch)
        return (now() - begun) * 1e3

    with contextlib.ExitStack() as stack:
        stack.callback(os.close, scratch)
        plain = [stack.enter_context(Plain(port, 'ec2', action, '2016-11-15'))
                 for action in ('DescribeInstances', 'StartInstances')]
        contenders = {
            'floor: the two requests by plain sockets': lambda: sum(one.time() for one in plain),
            'floor: 1,000 bytes appended, and one fdatasync': append,
        }
        for name, (command, env) in cases.items():
            ours = stack.enter_context(Server(command, env))
            is_asked = name.startswith('approved')
            ours.initialize({'elicitation': {}} if is_asked else None)
            contenders[name] = ((lambda ours=ours: ours.approved('ec2_start_instance', given)) if is_asked else
                                (lambda ours=ours: ours.call('ec2_start_instance', given)[0]))
        in_turns(5, contenders)
        taken = in_turns(WRITES, contenders)
    rounds = taken['approved write, its record on disk']
    head('   writes: ec2_start_instance, ms', len(rounds))
    for name, values in taken.items():
        row(name, values)
    plain, fsync = (taken[name] for name in list(contenders)[:2])

    def less(name, *others):
        return [a - sum(b) for a, *b in zip(taken[name], *others)]

    approved = 'approved write, its record on disk'
    promise = 'an audited, approved write adds less than 2 ms and one fsync'
    row('the disk: on disk minus in memory, in pairs', less(
        'write, its record on disk', taken['write, its record in memory']))
    row('the approval: approved minus not, on disk', less(approved, taken['write, its record on disk']))
    print('   (approved: from the typed code to the answer; what came before waits for a person. In it, beside the\n'
          '   write: the code is checked, policy is judged again, the instance is read once more, the yes is recorded)')
    if 'write, the program before' in taken:
        added = less(approved, taken['write, the program before'], fsync)
        row('both: approved minus the program before, fsync', added)
        goal(promise, middle(added) < 2)
    else:
        whole = less(approved, plain, fsync)
        row('approved minus both floors', whole)
        # What is added is less than the whole, so a whole that is longer shows nothing.
        if middle(whole) < 2:
            goal(promise, True)
        else:
            print(f'   goal: {promise}: only --before can tell')


def fsyncs_of(start, policies, env, folder, given):
    """Counts the fsyncs of writes that follow each other, from outside."""
    if not shutil.which('strace'):
        print('   (strace is not there: fsyncs are not counted)')
        return
    counted = {}
    for mode in policies:
        trace = folder / f'trace-{mode}'
        watch = ['strace', '-f', '-qq', '-e', 'trace=fsync,fdatasync', '-o', str(trace)]
        with Server(watch + start + policies[mode], env) as ours:
            ours.initialize({'elicitation': {}})
            write = ours.call if mode == 'full' else ours.approved

            def fsyncs():
                return len(re.findall(r'\bf(?:data)?sync\(', trace.read_text()))

            # The first makes the file.
            write('ec2_start_instance', given)
            before, begun = fsyncs(), now()
            for _ in range(TRACED):
                write('ec2_start_instance', given)
            counted[mode] = (fsyncs() - before, now() - begun)
    for title, mode in (('writes', 'full'), ('approved writes', 'confirm')):
        count, took = counted[mode]
        print(f'   {TRACED} {title}, one after the other in {took:.2f} s: {count} fsyncs, as strace counts them')
    print('   (what nobody waits for, such as the last outcome, goes to the disk by one more, at most once a second)')
    goal('one fsync for each write',
         all(TRACED <= count <= TRACED + 1 + took for count, took in counted.values()))


def sizes_of(server, env, folder):
    """7. What the host is told of the tools, and the program's size."""
    head('7. sizes, bytes')
    for title, flags, most_model, most in (('core toolset', ['--toolsets', 'core'], 6_000, 15_000),
                                           ('default set', [], 24_000, 60_000)):
        with Server(server + flags, env) as child:
            child.initialize()
            tools, sent = child.tools()
        shown = [{key: tool[key] for key in ('name', 'description', 'inputSchema') if key in tool} for tool in tools]
        model = len(json.dumps(shown, separators=(',', ':'), ensure_ascii=False).encode())
        print(f'   tools/list, {title}: {len(tools)} tools, {sent:,} as sent, '
              f'{model:,} in names, descriptions and input schemas')
        if most:
            goal(f'at most {most:,} as sent, {most_model:,} in names, descriptions and input schemas',
                 sent <= most and model <= most_model)
    stripped = folder / 'stripped'
    if shutil.which('strip') and not subprocess.run(['strip', '-o', stripped, server[0]]).returncode:
        size = stripped.stat().st_size
        print(f'   program, stripped: {size:,}')
        goal('under 30 MB', size < 30_000_000)


def arguments():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument('--server', type=Path, default=ROOT / 'target/release/aws-mcp', metavar='PATH',
                       help='the program to measure [target/release/aws-mcp]')
    words.add_argument('--typed', type=Path, metavar='PATH',
                       help='the typed client [examples/typed_client beside the server]')
    words.add_argument('--before', type=Path, metavar='PATH', help='an earlier program, for figure 6')
    words.add_argument('--build', action='store_true', help='build the release typed client first')
    words.add_argument('--peer', action='append', default=[], metavar='NAME=COMMAND',
                       help='another MCP server, for figure 1')
    given = words.parse_args()
    if not all('=' in peer for peer in given.peer):
        words.error('--peer takes NAME=COMMAND')
    given.server = given.server.resolve()
    if not given.server.is_file():
        words.error(f'{given.server} is not there: cargo build --release --locked')
    given.typed = (given.typed or given.server.parent / 'examples/typed_client').resolve()
    return given


def main():
    global END
    given = arguments()
    if given.build:
        subprocess.run(['cargo', 'build', '--release', '--locked', '--example', 'typed_client'], cwd=ROOT, check=True)
    END = now() + MOST
    signal.signal(signal.SIGALRM, lambda *_: sys.exit('benches/run.py: out of time'))
    signal.alarm(MOST + FAREWELL)
    typed = str(given.typed) if given.typed.is_file() else None
    server = [str(given.server)]
    with tempfile.TemporaryDirectory(prefix='aws-mcp-benches-') as folder:
        folder = Path(folder)
        for name in ('fakeaws', 'floor'):
            subprocess.run(['cc', '-O2', '-pthread', '-o', folder / name, ROOT / 'benches' / f'{name}.c'], check=True)
        answers = folder / 'answers'
        sizes = write_answers(answers)
        unlimited = '[limits]\n' + ''.join(
            f'{what} = {{burst = 1000000, per_second = 1000000}}\n' for what in ('calls', 'requests'))
        (folder / 'unlimited.toml').write_text(unlimited)
        (folder / 'roomy.toml').write_text(f'{unlimited}[output]\nmax_characters = {256 * 1024}\n')
        (folder / 'empty').mkdir()
        write_profiles(folder / 'profiles')
        path = os.environ.get('PATH', '/usr/bin:/bin')
        homes = {name: {'HOME': str(folder / name), 'PATH': path} for name in ('empty', 'profiles')}
        keys = {'AWS_ACCESS_KEY_ID': 'AKIDEXAMPLE', 'AWS_SECRET_ACCESS_KEY': 'not-a-secret', 'AWS_REGION': 'us-east-1'}
        floor = [str(folder / 'floor')]
        peers = {name: shlex.split(command) for name, _, command in (peer.partition('=') for peer in given.peer)}

        print(f'aws-mcp benchmark: {given.server}')
        print(f'{os.cpu_count()} CPUs, {platform.system()} {platform.release()} {platform.machine()}, '
              f'load before {os.getloadavg()[0]:.2f}')
        if 'debug' in given.server.parts:
            print('this is a debug build: its figures say nothing of a release')
        if not typed:
            print(f'{given.typed} is not there, and is left out: --build builds it')
        backend = [str(folder / 'fakeaws'), str(answers), '0', str(DELAY_MS)]
        with Child(backend, homes['empty']) as fake:
            prompt, slow = (int(fake.line()[1]) for _ in range(2))

            def reach(port):
                return homes['empty'] | keys | {'AWS_ENDPOINT_URL': f'http://127.0.0.1:{port}'}

            for figure in (
                lambda: start_up(floor, server, peers, homes, keys),
                lambda: identity(floor, server, typed, prompt, reach(prompt)),
                lambda: fan_out(server, slow, reach(slow)),
                lambda: listing(server, typed, prompt, reach(prompt), sizes, folder),
                lambda: large(server, reach(prompt), folder, answers),
                lambda: record(server, [str(given.before.resolve())] if given.before else None, homes, keys, folder),
                lambda: sizes_of(server, homes['empty'], folder),
            ):
                try:
                    figure()
                except Silence as fault:
                    print(f'\n   not measured: {fault}')
        print(f'\nload after {os.getloadavg()[0]:.2f}, {MOST - (END - now()):.0f} s')


if __name__ == '__main__':
    main()
