"""The protobuf classes under google-cloud-pubsub's wrapped types, which are an order faster.

Type checkers see the wrapped classes: same fields, and annotated.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.pubsub_v1.types import (
        AcknowledgeRequest,
        CreateSnapshotRequest,
        DeleteSnapshotRequest,
        DeleteSubscriptionRequest,
        DeleteTopicRequest,
        DetachSubscriptionRequest,
        DetachSubscriptionResponse,
        GetSnapshotRequest,
        GetSubscriptionRequest,
        GetTopicRequest,
        ListSnapshotsRequest,
        ListSnapshotsResponse,
        ListSubscriptionsRequest,
        ListSubscriptionsResponse,
        ListTopicSnapshotsRequest,
        ListTopicSnapshotsResponse,
        ListTopicsRequest,
        ListTopicsResponse,
        ListTopicSubscriptionsRequest,
        ListTopicSubscriptionsResponse,
        ModifyAckDeadlineRequest,
        ModifyPushConfigRequest,
        PublishRequest,
        PublishResponse,
        PubsubMessage,
        PullRequest,
        PullResponse,
        PushConfig,
        ReceivedMessage,
        SeekRequest,
        SeekResponse,
        Snapshot,
        StreamingPullRequest,
        StreamingPullResponse,
        Subscription,
        Topic,
        UpdateSnapshotRequest,
        UpdateSubscriptionRequest,
        UpdateTopicRequest,
    )
else:
    from google.pubsub_v1 import types

    AcknowledgeRequest = types.AcknowledgeRequest.pb()
    CreateSnapshotRequest = types.CreateSnapshotRequest.pb()
    DeleteSnapshotRequest = types.DeleteSnapshotRequest.pb()
    DeleteSubscriptionRequest = types.DeleteSubscriptionRequest.pb()
    DeleteTopicRequest = types.DeleteTopicRequest.pb()
    DetachSubscriptionRequest = types.DetachSubscriptionRequest.pb()
    DetachSubscriptionResponse = types.DetachSubscriptionResponse.pb()
    GetSnapshotRequest = types.GetSnapshotRequest.pb()
    GetSubscriptionRequest = types.GetSubscriptionRequest.pb()
    GetTopicRequest = types.GetTopicRequest.pb()
    ListSnapshotsRequest = types.ListSnapshotsRequest.pb()
    ListSnapshotsResponse = types.ListSnapshotsResponse.pb()
    ListSubscriptionsRequest = types.ListSubscriptionsRequest.pb()
    ListSubscriptionsResponse = types.ListSubscriptionsResponse.pb()
    ListTopicSnapshotsRequest = types.ListTopicSnapshotsRequest.pb()
    ListTopicSnapshotsResponse = types.ListTopicSnapshotsResponse.pb()
    ListTopicSubscriptionsRequest = types.ListTopicSubscriptionsRequest.pb()
    ListTopicSubscriptionsResponse = types.ListTopicSubscriptionsResponse.pb()
    ListTopicsRequest = types.ListTopicsRequest.pb()
    ListTopicsResponse = types.ListTopicsResponse.pb()
    ModifyAckDeadlineRequest = types.ModifyAckDeadlineRequest.pb()
    ModifyPushConfigRequest = types.ModifyPushConfigRequest.pb()
    PublishRequest = types.PublishRequest.pb()
    PublishResponse = types.PublishResponse.pb()
    PubsubMessage = types.PubsubMessage.pb()
    PullRequest = types.PullRequest.pb()
    PullResponse = types.PullResponse.pb()
    PushConfig = types.PushConfig.pb()
    ReceivedMessage = types.ReceivedMessage.pb()
    SeekRequest = types.SeekRequest.pb()
    SeekResponse = types.SeekResponse.pb()
    Snapshot = types.Snapshot.pb()
    StreamingPullRequest = types.StreamingPullRequest.pb()
    StreamingPullResponse = types.StreamingPullResponse.pb()
    Subscription = types.Subscription.pb()
    Topic = types.Topic.pb()
    UpdateSnapshotRequest = types.UpdateSnapshotRequest.pb()
    UpdateSubscriptionRequest = types.UpdateSubscriptionRequest.pb()
    UpdateTopicRequest = types.UpdateTopicRequest.pb()

__all__ = [
    "AcknowledgeRequest",
    "CreateSnapshotRequest",
    "DeleteSnapshotRequest",
    "DeleteSubscriptionRequest",
    "DeleteTopicRequest",
    "DetachSubscriptionRequest",
    "DetachSubscriptionResponse",
    "GetSnapshotRequest",
    "GetSubscriptionRequest",
    "GetTopicRequest",
    "ListSnapshotsRequest",
    "ListSnapshotsResponse",
    "ListSubscriptionsRequest",
    "ListSubscriptionsResponse",
    "ListTopicSnapshotsRequest",
    "ListTopicSnapshotsResponse",
    "ListTopicSubscriptionsRequest",
    "ListTopicSubscriptionsResponse",
    "ListTopicsRequest",
    "ListTopicsResponse",
    "ModifyAckDeadlineRequest",
    "ModifyPushConfigRequest",
    "PublishRequest",
    "PublishResponse",
    "PubsubMessage",
    "PullRequest",
    "PullResponse",
    "PushConfig",
    "ReceivedMessage",
    "SeekRequest",
    "SeekResponse",
    "Snapshot",
    "StreamingPullRequest",
    "StreamingPullResponse",
    "Subscription",
    "Topic",
    "UpdateSnapshotRequest",
    "UpdateSubscriptionRequest",
    "UpdateTopicRequest",
]
