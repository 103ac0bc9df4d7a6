-- An approval may be withdrawn, and the plan then be approved again. It is never
-- changed into another one.
DROP TRIGGER plans_approved_once;
CREATE TRIGGER plans_approved_once BEFORE UPDATE ON plans
WHEN OLD.approved_at <> 0
  AND (NEW.approved_role, NEW.approved_by, NEW.approved_at, NEW.approved_note) IS NOT ('', '', 0, '')
BEGIN SELECT raise(ABORT, 'an approval is withdrawn, never changed'); END;
