-- The queue of one office, in the queue's own order.
CREATE INDEX decision_queue_of_office
    ON triage.decision (office, (state <> 'NEEDS_FACTS'), recommended_tier NULLS LAST, received_at, report_id)
    WHERE state IN ('RECOMMENDED', 'NEEDS_FACTS');
