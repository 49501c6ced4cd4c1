-- Each message is updated once when it is leased: with room on its page that needs no new index entries.
alter table outbox_work set (fillfactor = 50);
