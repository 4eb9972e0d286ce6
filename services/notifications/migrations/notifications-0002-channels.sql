-- Messages go by several channels in order, and people are reached by telephone too.
-- What a former release writes beside this one goes by mail, as it always did.

ALTER TABLE notification ADD COLUMN channels text[] NOT NULL DEFAULT '{EMAIL}';
-- The place of the channel whose turn it is, how often the message had to wait, and what came of each channel.
ALTER TABLE notification ADD COLUMN turn integer NOT NULL DEFAULT 0;
ALTER TABLE notification ADD COLUMN waits integer NOT NULL DEFAULT 0;
ALTER TABLE notification ADD COLUMN tries jsonb NOT NULL DEFAULT '[]';

-- Our copy of casework's telephones, beside the mail addresses of contact_method. Personal data: it leaves only to the
-- telephone gateway.
CREATE TABLE telephone (
    staff_id uuid NOT NULL,
    channel  text NOT NULL CHECK (channel IN ('SMS', 'VOICE')),
    number   text NOT NULL,
    verified boolean NOT NULL,
    version  bigint NOT NULL,
    PRIMARY KEY (staff_id, channel)
);

CREATE TRIGGER telephone_hint AFTER INSERT OR UPDATE ON telephone FOR EACH STATEMENT EXECUTE FUNCTION hint_sender();
