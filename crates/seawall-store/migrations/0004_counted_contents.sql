-- How many contents a bank and a list hold stands in their rows: counting those of a large one
-- takes longer than a change of it may.
ALTER TABLE banks ADD COLUMN contents INTEGER NOT NULL DEFAULT 0;
UPDATE banks SET contents = (SELECT count(*) FROM contents WHERE bank_id = banks.id);
ALTER TABLE lists ADD COLUMN contents INTEGER NOT NULL DEFAULT 0;
UPDATE lists SET contents = (SELECT count(*) FROM contents WHERE list_id = lists.id);

CREATE TRIGGER contents_counted_in AFTER INSERT ON contents BEGIN
    UPDATE banks SET contents = contents + 1 WHERE id = NEW.bank_id;
    UPDATE lists SET contents = contents + 1 WHERE id = NEW.list_id;
END;
CREATE TRIGGER contents_counted_out AFTER DELETE ON contents BEGIN
    UPDATE banks SET contents = contents - 1 WHERE id = OLD.bank_id;
    UPDATE lists SET contents = contents - 1 WHERE id = OLD.list_id;
END;
