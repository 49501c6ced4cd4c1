// Made from /openapi.json by scripts/types.mjs; `RAPPORT_RENEW_TYPES=1 cargo test -p tests --test it -- web::` renews it.

export interface paths {
    "/commands/create-tenant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a tenant
         * @description A new business. Its id is that of the principal's tenant; only an operator can send this.
         */
        post: operations["create_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/update-settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update the settings
         * @description Only the settings that are given change; a list is replaced whole.
         */
        post: operations["update_settings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/set-price-book": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the price book
         * @description What bookings cost from now on, in minor units of the tenant's currency. Prices of bookings that stand do not change.
         */
        post: operations["set_price_book"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/configure-provider": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Configure a provider
         * @description How the tenant reaches a provider. Settings are replaced whole; secrets are kept encrypted and never shown again,
         *     those that are not given stay, and `null` forgets one.
         */
        post: operations["configure_provider"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/test-provider": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test a provider
         * @description Tries the provider once as it is configured now: `smtp` and `resend` send a letter to whoever asks, or to `to`; `twilio`,
         *     `ringcentral` and `whatsapp` send a text to `to`; `stripe` lists a checkout session, `openai` and `anthropic` answer
         *     a few tokens and `openid` is looked up, which changes nothing. The result stands in `tenant`, as `last_test` of the provider, within two minutes;
         *     until then another test of the same provider is refused with `provider-test-under-way`.
         */
        post: operations["test_provider"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/request-tenant-deletion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for the deletion of the business
         * @description After the tenant's `deletion_days` everything that is the business's is deleted for good: customers, bookings, messages,
         *     events, people and keys. Until then it works on, and `withdraw-tenant-deletion` takes it back. Export first what is to be
         *     kept. Every owner gets a letter. Asked again, the first date stands.
         */
        post: operations["request_tenant_deletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/withdraw-tenant-deletion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take the deletion of the business back
         * @description Nothing is deleted. Changes nothing where no deletion is scheduled.
         */
        post: operations["withdraw_tenant_deletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/decide-approval": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Decide on an approval
         * @description Agrees to exactly the call that an agent asked for, or refuses it. Only a person can, and never the one who asked. Once
         *     agreed to, by two people where the business wants that, the agent sends its call again and it is carried out, once, before the approval runs out.
         */
        post: operations["decide_approval"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/withdraw-approval": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Withdraw an approval
         * @description Takes back an approval that you asked for yourself and that was not used yet.
         */
        post: operations["withdraw_approval"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/create-lead": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a lead
         * @description Somebody is interested. The customer with that e-mail address is found; else the only one with that phone number and
         *     no e-mail address; else a new one is created, flagged as a possible duplicate where the phone number is known.
         */
        post: operations["create_lead"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/update-customer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Correct a customer
         * @description Only the fields that are given change; `null` removes one. An e-mail address belongs to one customer.
         */
        post: operations["update_customer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/update-consent": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update a consent
         * @description A customer grants or withdraws consent to be reached over one channel for one purpose. Saying again what stands
         *     already changes nothing.
         */
        post: operations["update_consent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/add-note": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a note
         * @description A note on a customer, for the tenant's own people.
         */
        post: operations["add_note"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/tag-customer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tag a customer
         * @description Tags are free words; tagging twice is tagging once.
         */
        post: operations["tag_customer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/untag-customer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Untag a customer
         * @description Takes a tag away; one that is not there is no mistake.
         */
        post: operations["untag_customer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/merge-customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Merge customers
         * @description Two customers are one person. The survivor keeps its id and its fields; the other one points to it from now on, and
         *     its bookings, payments and notes show with the survivor's. What the survivor lacks of e-mail, phone, address and name comes
         *     over, and the latest word on each consent: a withdrawal always, a grant where the address is the same.
         */
        post: operations["merge_customers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/unmerge-customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unmerge customers
         * @description Takes a merged customer out again. It gets its e-mail address back unless another customer has it by now; what had come
         *     over from it and was not changed since goes back.
         */
        post: operations["unmerge_customers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/archive-customer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Archive a customer
         * @description Lists leave the customer out; nothing else changes. A new request or booking of theirs brings them back.
         */
        post: operations["archive_customer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/unarchive-customer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Bring a customer back from the archive
         * @description Lists show the customer again.
         */
        post: operations["unarchive_customer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/map-import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Map an import
         * @description Says which column of the file is what, and what becomes of rows whose customer is there already. Ask `import-preview`
         *     for a guess, and for what would become of each row.
         */
        post: operations["map_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/start-import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start an import
         * @description Runs the rows one after the other in the background, or goes on after a stop. `imports` shows how far it is,
         *     `import-rows` what became of each row.
         */
        post: operations["start_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/stop-import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop an import
         * @description After the rows under way no further ones are seen to. It can be started again, or undone.
         */
        post: operations["stop_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/retry-import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry an import
         * @description Tries the rows again that failed.
         */
        post: operations["retry_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/undo-import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Undo an import
         * @description Takes the whole import back: customers that it made are archived, unless somebody has used them since; fields that it
         *     changed are as before, unless somebody has changed them since; tags that it gave are taken away.
         */
        post: operations["undo_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/start-bulk-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a bulk run
         * @description Sends one command for up to 5,000 records in the background, some at a time, each as a command of its own that may fail
         *     alone. The query `bulk-runs` shows how far it is and what failed. `POST /bulk-runs` takes a list's filter instead of ids.
         */
        post: operations["start_bulk_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/stop-bulk-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop a bulk run
         * @description What was done stays done; the rest is left. `retry-bulk-run` goes on with it.
         */
        post: operations["stop_bulk_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/retry-bulk-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry a bulk run
         * @description Goes on with what failed, and with what a stop has left.
         */
        post: operations["retry_bulk_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/define-journey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Define a journey
         * @description What is done by itself after something has happened, as YAML. It is checked whole; whatever is wrong is told with line
         *     and column. Each change is a new version; nothing begins before `enable-journey`. With `dry_run` nothing is kept.
         */
        post: operations["define_journey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/enable-journey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable a journey
         * @description From now on its event begins runs, with this version. Whoever is under way keeps the version they began with.
         */
        post: operations["enable_journey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/disable-journey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable a journey
         * @description Nobody begins it any more.
         */
        post: operations["disable_journey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/start-journey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a journey
         * @description Begins a run of an enabled journey for a customer by hand. The result shows the way of a silent customer, from what is
         *     known now; with `dry_run` nothing begins, so a journey can be tried out, a version that is not enabled too.
         */
        post: operations["start_journey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/stop-journey-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stop a run
         * @description The customer is on this journey no longer; the next step is not taken.
         */
        post: operations["stop_journey_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/add-chef": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a chef
         * @description A chef who can be booked in the zones and hours given.
         */
        post: operations["add_chef"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/update-chef": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update a chef
         * @description Only what is given changes. Bookings that stand are kept.
         */
        post: operations["update_chef"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/set-chef-time-off": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a chef's days off
         * @description All days off from today on, as they shall be; days that are not listed are worked again. Where a booking is in the
         *     way, nothing changes and the conflicts are listed.
         */
        post: operations["set_chef_time_off"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/receive-message": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Receive a message
         * @description A customer wrote. The thread of that address on that channel takes it, and is opened where there is none: for the
         *     customer whose address it is, else for a new lead. An address that several customers share gets a thread without a
         *     customer, which names the candidates; `move-thread` settles whose it is. So it is with a visitor of the chat who names
         *     the address of somebody known: that is a claim which nobody has checked. The same `provider_message_id` again changes
         *     nothing. STOP, START and HELP are obeyed over SMS and WhatsApp.
         */
        post: operations["receive_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/send-message": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a message
         * @description Writes to the customer of a thread. Refused with `consent-missing`, `consent-withdrawn` or `opted-out` where the message
         *     may not go; marketing is held back over the customer's quiet hours. What the decision rests on is kept with the
         *     message, and it is taken again when the message is delivered.
         */
        post: operations["send_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/start-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a thread
         * @description Finds the thread with a customer on a channel, or opens it. Nothing is sent.
         */
        post: operations["start_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/move-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move a thread
         * @description The thread belongs to this customer from now on: it was nobody's, or somebody else's by mistake.
         */
        post: operations["move_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/merge-threads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Merge threads
         * @description Two threads of one customer on one channel become one. The survivor shows the messages of both, and what is written
         *     to either address comes in there.
         */
        post: operations["merge_threads"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/assign-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Assign a thread
         * @description Somebody looks after the thread from now on.
         */
        post: operations["assign_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/unassign-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unassign a thread
         * @description Nobody in particular looks after the thread any more.
         */
        post: operations["unassign_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/snooze-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Snooze a thread
         * @description The thread is out of sight until a moment, or until the customer writes.
         */
        post: operations["snooze_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/close-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Close a thread
         * @description What was asked is settled. The next message of the customer opens the thread again.
         */
        post: operations["close_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/reopen-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reopen a thread
         * @description A closed or snoozed thread is open again.
         */
        post: operations["reopen_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/mark-thread-read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mark a thread as read
         * @description Everything that the customer wrote has been seen.
         */
        post: operations["mark_thread_read"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/set-ai-mode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the AI mode
         * @description Whether the AI answers in the thread, suggests answers, or keeps out.
         */
        post: operations["set_ai_mode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/add-thread-note": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a note to a thread
         * @description A note between the tenant's own people; the customer never sees it.
         */
        post: operations["add_thread_note"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/define-canned-reply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Define a canned reply
         * @description A text with variables in double braces, such as `Hi {{first_name}}`. A new text under a known name is its next version.
         *     `first_name`, `last_name` and `business` fill in by themselves; all others are given when the reply is sent.
         */
        post: operations["define_canned_reply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/remove-canned-reply": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Remove a canned reply
         * @description The reply can be sent no more. Messages that were sent by it stay as they are.
         */
        post: operations["remove_canned_reply"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/accept-suggestion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept a suggestion
         * @description Sends the reply that the assistant suggests, or other words in its place; which of both is kept as a measure of its
         *     quality. Refused with `reply-collision` when somebody has written in the thread since.
         */
        post: operations["accept_suggestion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/dismiss-suggestion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Dismiss a suggestion
         * @description The suggested reply is of no use and goes out of sight.
         */
        post: operations["dismiss_suggestion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/hand-over-thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand a thread over to a person
         * @description The assistant keeps out of the thread from now on, and the thread says that it waits for a person.
         */
        post: operations["hand_over_thread"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/extract-facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Look for facts in a conversation
         * @description Date, party, address, diet, name, e-mail, phone and budget are read in what the customer wrote, each with the words it
         *     rests on. It takes a moment; the query `facts` shows what was found. Closing a thread does the same.
         */
        post: operations["extract_facts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/accept-fact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept a fact
         * @description It is right, and nothing that is read later replaces it by itself.
         */
        post: operations["accept_fact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/reject-fact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reject a fact
         * @description It is wrong, and is not proposed again.
         */
        post: operations["reject_fact"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/undo-facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take an extraction back
         * @description All facts that came with it go, accepted ones too, and what counted before counts again.
         */
        post: operations["undo_facts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/create-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a booking
         * @description Books a free chef for a date and slot. The customer is found by e-mail, else by phone, else created. With
         *     `stripe_checkout` the booking waits for its deposit, and the payment link follows by e-mail; without a free chef the
         *     answer is 409 `slot-unavailable` with the nearest free slots.
         */
        post: operations["create_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/update-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Update a booking
         * @description Only what is given changes. A new party, menu or zone is priced anew by the present price book; the deposit stays as
         *     it was. Use `reschedule-booking` for another time.
         */
        post: operations["update_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/confirm-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirm a booking
         * @description Confirms a booking by cash or invoice without money. One that waits for its deposit is confirmed by payment.
         */
        post: operations["confirm_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/reschedule-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reschedule a booking
         * @description Moves the booking to another date and slot, with the same chef where possible, and tells the customer. The price
         *     stays.
         */
        post: operations["reschedule_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/assign-chef": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Assign a chef
         * @description Names the chef who comes. Where that chef is held provisionally for another booking, the two swap.
         */
        post: operations["assign_chef"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/cancel-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a booking
         * @description Frees the slot, closes an open payment page, tells the customer, and gives back what the tenant's refund policy says
         *     at this notice.
         */
        post: operations["cancel_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/complete-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete a booking
         * @description The party took place.
         */
        post: operations["complete_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/mark-no-show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mark as a no-show
         * @description The chef came and nobody was there.
         */
        post: operations["mark_no_show"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/record-payment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record a payment
         * @description Money that came in by another way than a provider's webhook, with or without its booking.
         */
        post: operations["record_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/mark-paid": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mark a booking as paid
         * @description Records a payment by hand for the booking. One that covers the deposit confirms it and closes an open payment page.
         */
        post: operations["mark_paid"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/link-payment-to-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Link a payment to a booking
         * @description The payment belongs to that booking. One that covers the deposit confirms it; one for a booking that has ended is
         *     only written down.
         */
        post: operations["link_payment_to_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/unlink-payment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unlink a payment
         * @description The payment does not belong to its booking after all. The booking keeps its status.
         */
        post: operations["unlink_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/refund-payment": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refund a payment
         * @description Gives back a part or all of a payment, never more than came in. Stripe is asked to; money that came by hand is given
         *     back by hand, and this writes down that it was.
         */
        post: operations["refund_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/restrict-subject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restrict a person's data
         * @description The data is kept and nobody uses it: nothing of it is opened but for those who may manage privacy, the person is not found
         *     by name, e-mail or phone, and no message goes out to them. Customers who were merged into this one, and all threads, rest
         *     with it.
         */
        post: operations["restrict_subject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/lift-restriction": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lift a restriction
         * @description The data may be used again. The person gets back their e-mail address unless another customer has it by now. Refused with
         *     `erasure-requested` while an erasure is due.
         */
        post: operations["lift_restriction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/erase-subject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Erase a person's data
         * @description The data rests at once, as by `restrict-subject`. After the tenant's `erasure_days` its keys are destroyed, and nothing
         *     can open it ever again; figures, amounts and dates stay. Until then `cancel-erasure` undoes it.
         */
        post: operations["erase_subject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/cancel-erasure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an erasure
         * @description The data will not be erased. It still rests: send `lift-restriction` to use it again.
         */
        post: operations["cancel_erasure"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/export-subject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Export a person's data
         * @description Writes down that everything about the person is handed out. The query `subject-export` gives it for a day from then on, as
         *     JSON and as a readable page, with the proof that it is whole. Nothing of it is stored.
         */
        post: operations["export_subject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/hold-subject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hold a person's data
         * @description The data is not erased, by wish or by retention, until the hold is released. It may be restricted all the same.
         */
        post: operations["hold_subject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/release-subject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Release a hold
         * @description An erasure whose day has passed meanwhile is carried out now.
         */
        post: operations["release_subject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/save-template-draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Save the draft of a template
         * @description What a letter or text is to say. A template under the name of one of the product's own letters (`template-letters` tells
         *     them) takes the place of our words once it is published; under any other name it is sent by `send-message`. The result
         *     shows it filled in with samples; with `dry_run` nothing is kept.
         */
        post: operations["save_template_draft"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/discard-template-draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Discard the draft of a template
         * @description What is published stays.
         */
        post: operations["discard_template_draft"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/publish-template": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish a template
         * @description Its draft becomes the next version and is sent from now on. A version never changes; each message says which it was.
         */
        post: operations["publish_template"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/retire-template": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retire a template
         * @description It is sent no more. A letter of the product's own goes in our words again. Publishing it again ends that.
         */
        post: operations["retire_template"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/save-view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Save a view
         * @description Keeps a list query with its filters, order and columns under a name. It is the caller's own, or, for whoever may
         *     configure the tenant, everybody's. With `view_id` an existing view becomes what is given.
         */
        post: operations["save_view"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/rename-view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rename a view
         * @description Its filters, order and columns stay.
         */
        post: operations["rename_view"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/delete-view": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete a view
         * @description For good. The list itself is not touched.
         */
        post: operations["delete_view"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/create-webhook-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a webhook endpoint
         * @description An address of your own that hears of events from now on: a signed POST for each. The secret that signs is made here;
         *     ask `webhook-secret` for it.
         */
        post: operations["create_webhook_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/update-webhook-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Change a webhook endpoint
         * @description Only what is given changes, for everything that is sent from now on.
         */
        post: operations["update_webhook_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/enable-webhook-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable a webhook endpoint
         * @description It hears of what happens from now on; for what happened meanwhile send `replay-webhooks`.
         */
        post: operations["enable_webhook_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/disable-webhook-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Disable a webhook endpoint
         * @description Nothing is sent to it until it is enabled again, not even what waits already.
         */
        post: operations["disable_webhook_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/rotate-webhook-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate a webhook endpoint's secret
         * @description Makes a new secret; ask `webhook-secret` for it. For 24 hours everything is signed with the old one as well, so that
         *     the receiver can change over in its own time. One that was on its way out already no longer signs.
         */
        post: operations["rotate_webhook_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/ping-webhook-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Test a webhook endpoint
         * @description Sends a `WebhookEndpointPinged`, whether it is enabled or not; see `webhook-deliveries` for what came of it.
         */
        post: operations["ping_webhook_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/delete-webhook-endpoint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Delete a webhook endpoint
         * @description For good, with its secrets; what waits for it is not sent.
         */
        post: operations["delete_webhook_endpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/replay-webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send past events again
         * @description Every event that was written down in that time and that the endpoint wants is sent again, under the `webhook-id` that
         *     it had before. `webhook-replay-preview` counts them first; `webhook-replays` shows how far it is;
         *     `cancel-webhook-replay` ends it, and so does disabling the endpoint.
         */
        post: operations["replay_webhooks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/cancel-webhook-replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a replay of webhooks
         * @description Nothing more is queued. What has been queued already is still sent.
         */
        post: operations["cancel_webhook_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the assistant does
         * @description For each model, and for the rules, over a range of days: runs, what became of them, how often suggestions are taken and threads left to people, and what it cost.
         */
        get: operations["agents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/ai-usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Use of language models
         * @description Runs, calls, tokens and cost of the assistant over a range of days, by day, model or customer.
         */
        get: operations["ai_usage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/approval": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Approval
         * @description One approval: exactly which call was asked for, by whom, and how it stands.
         */
        get: operations["approval"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Approvals
         * @description What agents have asked people to agree to, and how it stands; the newest first unless sorted otherwise. An agent sees its own.
         */
        get: operations["approvals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/assistant-budget": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The assistant's day
         * @description What the assistant has used today of tokens and money, what it may use, and when the next day begins. Once a budget is used up, threads go to people.
         */
        get: operations["assistant_budget"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/assistant-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs of the assistant
         * @description What the assistant made of each message that it looked at, the newest first: what it said or suggested, why, what it looked up, and what it cost.
         */
        get: operations["assistant_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Audit log
         * @description Who did what to what and when, the newest first: commands that changed something, refused accesses, audited reads, and what operators did. `rapport audit` proves that none of it was changed.
         */
        get: operations["audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/audited-reads": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads of sensitive data
         * @description Who has read exports and other sensitive data, by which query and whose, the newest first. Asking this is on record too.
         */
        get: operations["audited_reads"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/availability": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Availability
         * @description The slots of one day that can be booked in a zone, each with the chefs who are free. Ask it before create-booking; slots that are full, past or outside working hours are left out.
         */
        get: operations["availability"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One booking
         * @description Everything about one booking: customer, party, price, payments and the open payment link.
         */
        get: operations["booking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/bookings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Bookings
         * @description Bookings by any of their facts, newest first unless sorted otherwise.
         */
        get: operations["bookings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/bulk-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Bulk run
         * @description How far one bulk run is, how many failed for each reason, and the first 200 of them.
         */
        get: operations["bulk_run"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/bulk-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Bulk runs
         * @description Commands that were sent for many in the background, the newest first: how far each is and what came of it.
         */
        get: operations["bulk_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/chefs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Chefs
         * @description The chefs with their zones, weekly hours and days off.
         */
        get: operations["chefs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/conversation-stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Conversation figures
         * @description How long customers waited for a first answer, for any answer, and until their thread was closed, over a range of days: as a whole, by day, by channel, or by who answered.
         */
        get: operations["conversation_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/customer-360": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Customer 360
         * @description One customer with consents, notes, tags, bookings, conversations, payments, timeline and lifetime value. What was merged into the customer is part of it.
         */
        get: operations["customer_360"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Customers
         * @description Customers by the beginnings of their names, or exactly by e-mail or phone; newest first unless sorted otherwise. Customers that were merged away or archived are left out unless asked for by status.
         */
        get: operations["customers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/dashboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Dashboard
         * @description Bookings, revenue and conversion by day, the last 30 days unless a range is given. Every day of the range is there, quiet ones too.
         */
        get: operations["dashboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/facts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Facts from conversations
         * @description What was read in conversations about customers' wishes, each with the customer's own words and how sure it is, the newest first. With standing=review, what waits for a person.
         */
        get: operations["facts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/import-preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What an import would do
         * @description The columns of an uploaded file with a guess at what they are, and for each row whether its customer is new, is there already or stands in the file before, or why it would be refused. Nothing is written.
         */
        get: operations["import_preview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/import-rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Rows of an import
         * @description What has become of each row of an import, in the order of the file: done, skipped, failed and why. With `Accept: text/csv` as a file.
         */
        get: operations["import_rows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Imports
         * @description Files of customers that were uploaded by POST /imports, newest first, with how far each is.
         */
        get: operations["imports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/inbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Inbox
         * @description Conversations with customers over every channel, by any of their facts, by customer and by words of their messages; the newest message first unless sorted otherwise.
         */
        get: operations["inbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/journey": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A journey
         * @description One journey with each of its versions as it was written, the newest first.
         */
        get: operations["journey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/journey-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Journey runs
         * @description Who is on which journey, the newest first: where each stands, what it waits for, and every step that was taken with what came of it.
         */
        get: operations["journey_runs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/journeys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Journeys
         * @description What is done by itself after something has happened: journeys by name, how each stands, and how many are on their way. For what one says, ask journey by its name.
         */
        get: operations["journeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/payments-feed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Payments
         * @description Money that came in, newest first, with the booking it was matched to and why, or the open bookings that it may belong to.
         */
        get: operations["payments_feed"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/schedule-board": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Schedule board
         * @description For each chef, by name, every slot of a range of days: free, off, not working, held or booked. A held slot has a booking whose chef is not assigned yet.
         */
        get: operations["schedule_board"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/subject-export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Everything about a person
         * @description All that is held about one person, with the proof that it is whole. For a day after export-subject; every read is on record.
         */
        get: operations["subject_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/template": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A template
         * @description What one template says: its draft, its newest versions with who published them, and the values that fill in by themselves.
         */
        get: operations["template"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/template-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Letters of the product's own
         * @description The letters and texts that are sent by themselves, each with when it is, our words for it, and what a template under its name may speak of.
         */
        get: operations["template_letters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/template-preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A template filled in
         * @description What a template would say: with samples, or to a customer, or about a booking. Nothing is sent.
         */
        get: operations["template_preview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/templates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Templates
         * @description Templates of letters and texts by name, channel and language, with how each stands. For what one says, ask template by its id.
         */
        get: operations["templates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/tenant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The tenant
         * @description The business's own settings, price book and configured providers. Secrets are named, never shown.
         */
        get: operations["tenant"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/thread": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One thread
         * @description One conversation with its messages and notes, the newest page of them unless asked for older ones. Each message that we sent says why it was allowed to go, and what became of it.
         */
        get: operations["thread"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/views": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Saved views
         * @description Lists with their filters, order and columns that the caller has saved, and those that everybody of the tenant shares. To see one, ask its query with its filters and its sort.
         */
        get: operations["views"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/webhook-deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Webhook deliveries
         * @description Every attempt at a webhook of the last 90 days, the newest first: when, what was answered, how long it took, and why it failed.
         */
        get: operations["webhook_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/webhook-endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Webhook endpoints
         * @description The addresses that hear of events, what each wants, and how each fares. Deleted ones are left out unless they are asked for.
         */
        get: operations["webhook_endpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/webhook-replay-preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a replay would send
         * @description How many events replay-webhooks would send again to an endpoint, by its present filter.
         */
        get: operations["webhook_replay_preview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/webhook-replays": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Replays of webhooks
         * @description Past events that are sent again to an endpoint, the newest order first, and how far each replay is.
         */
        get: operations["webhook_replays"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/queries/webhook-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A webhook endpoint's secrets
         * @description The secrets that sign what is sent to one endpoint: the newest and, for a day after a rotation, the one before it. For the receiver's configuration; keep them out of logs.
         */
        get: operations["webhook_secret"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process lives */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As said */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether it can serve */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As said */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schemas/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All commands */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As said */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schemas/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All queries */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description As said */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Up to 1,000 commands, one after the other, each on its own */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": {
                        name: string;
                        idempotency_key: string;
                        body: Record<string, never>;
                    }[];
                };
            };
            responses: {
                /** @description Done */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Record<string, never>;
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Changes as server-sent events */
        get: {
            parameters: {
                query?: {
                    /** @description Comma-separated; all when absent */
                    topics?: string;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The stream */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/acts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What operators have done, the newest first */
        get: operations["list_acts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/acts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One act, and how it stands */
        get: operations["find_act"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/doctor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the installation rests on, and what to do about what is not well */
        get: operations["examine_installation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events, the newest first; a page may be short and still have a next */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/events/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much lies in the log */
        get: operations["count_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/events/{position}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One event with everything beside it */
        get: operations["find_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/streams/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All events of an aggregate, and what they come to */
        get: operations["find_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/store/holes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Positions that are missing from the log */
        get: operations["list_holes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/store/vacuum-report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Dead rows, and who keeps them */
        get: operations["report_vacuum"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/store/snapshots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Snapshots of long streams */
        get: operations["list_snapshots"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages to the world, the newest first */
        get: operations["list_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One message, and every attempt at it */
        get: operations["find_message"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}/attempts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The attempts at a message */
        get: operations["list_attempts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhooks received, the newest first, without what they say */
        get: operations["list_webhooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/parked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys that wait because an event cannot be applied, the oldest first */
        get: operations["list_parked_keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How every projection stands */
        get: operations["list_projections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All that is known of one projection */
        get: operations["find_projection"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the audit logs stand, with their public keys and newest signed checkpoints */
        get: operations["show_audit_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/audit/checkpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Signed checkpoints of one audit log, the newest first */
        get: operations["list_audit_checkpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/audit/consistency": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The proof that the signed checkpoint of one size is the beginning of that of another */
        get: operations["prove_audit_consistency"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/audit/proofs/{position}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The proof that an event is in its tenant's signed log, as rapport-verify reads it */
        get: operations["prove_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/audit/verification": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Recompute the audit logs from the events, and compare; reads the whole log */
        get: operations["verify_audit_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/retention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What goes by its term, class by class: counts, the oldest, some ids; other terms than those that are set can be tried */
        get: operations["preview_retention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/tenants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The businesses of this installation, and how each stands: active or suspended, and when it will be deleted */
        get: operations["list_tenants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/tenants/deletions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Deletions that have begun or are over, the newest first: what stays on record of a tenant */
        get: operations["list_deletions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How each queue stands, and what waits for an operator; counts end at 1,000 a queue */
        get: operations["count_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/blocked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Keys whose order holds messages back, those for longest first: what could not be sent, and up to 1,000 behind it */
        get: operations["list_blocked_keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/redrives": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Orders to send dead letters again, the newest first, and how far they are */
        get: operations["list_redrives"];
        put?: never;
        /** Send dead letters again at a pace, whatever restarts, one order a tenant; a dry run counts; a reason is needed */
        post: operations["order_redrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/destinations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Destinations: what waits there, what holds them until when, what limits them */
        get: operations["list_destinations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Try a dead or waiting message again, now */
        post: operations["retry_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}/discard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a dead message up; a reason is needed */
        post: operations["discard_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/parked/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Apply what waits again, in order */
        post: operations["retry_parked_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/parked/drop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give failed events up; projection and reason are needed */
        post: operations["drop_parked_events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stop it until it is resumed; a reason is needed */
        post: operations["pause_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let it go on from where it stands */
        post: operations["resume_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What it does with events that fail: park, pause or skip */
        post: operations["set_projection_policy"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/rewind": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Read the log again after a position */
        post: operations["rewind_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Build its tables anew, compare, and switch */
        post: operations["rebuild_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Build its tables anew and compare; nothing is switched */
        post: operations["compare_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/projections/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Go back to the tables before the last rebuild */
        post: operations["roll_back_projection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/retention/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take what the terms end now, in bounded batches; what a hold keeps stays */
        post: operations["run_retention"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/tenants/suspend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Let nobody of a named tenant in and send nothing for it; webhooks that come in are kept */
        post: operations["suspend_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/tenants/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End a suspension; what was kept is dealt with now */
        post: operations["resume_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/tenants/delete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delete a suspended tenant whole, after its deletion_days or now; a dry run counts what would go */
        post: operations["delete_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/tenants/withdraw-deletion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take a scheduled deletion back */
        post: operations["withdraw_deletion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Never send a waiting message; a reason is needed */
        post: operations["cancel_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a dead or unknown message up, so that what waits behind it goes on; a reason is needed */
        post: operations["skip_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/{id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say what became of a message whose effect is unknown: delivered or failed; a reason is needed */
        post: operations["resolve_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/outbox/redrives/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End an order; what it has sent again stays so; a reason is needed */
        post: operations["cancel_redrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/destinations/{name}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send nothing there until then; it goes on by itself */
        post: operations["pause_destination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/destinations/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End whatever holds it; a breaker that was open probes */
        post: operations["resume_destination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/destinations/{name}/breaker": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Open its breaker, for ten minutes unless told, or close it */
        post: operations["set_breaker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/operations/destinations/{name}/limits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What all processes together may send there, until then or for good; what is not named has no limit */
        post: operations["limit_destination"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/tools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tools that this key may call, as models' APIs expect them */
        get: operations["agents_list_tools"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/tools/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Calls a tool with the arguments that a model gave */
        post: operations["agents_call_tool"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The Model Context Protocol over streamable HTTP, without sessions
         * @description 2026-07-28 and the older versions. Pages of other origins are turned away.
         */
        post: operations["mcp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in by e-mail and password; `second_factor` says what comes next */
        post: operations["sign_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End this session, and forget its cookie */
        post: operations["sign_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in, and what they may do */
        get: operations["find_session"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own sessions, the newest first */
        get: operations["list_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of one's own sessions */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give a code of the app, or a recovery code */
        post: operations["give_second_factor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/second-factor/enrol": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a secret for an app; it counts once it is confirmed */
        post: operations["enrol_second_factor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/second-factor/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm a new secret by its first code; the answer shows the recovery codes, this once */
        post: operations["confirm_second_factor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose another password; other sessions end */
        post: operations["change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a letter sent with a link to choose a new password */
        post: operations["ask_for_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/reset/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose a new password by such a link; all sessions end */
        post: operations["reset_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Invite somebody by letter, with a role that holds no more than one's own */
        post: operations["invite_person"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/invitations/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Come in by an invitation, with a password of one's own */
        post: operations["accept_invitation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/set-up": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Come in as the first person, by the link that the server has printed */
        post: operations["set_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/people": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Everybody who may sign in, or could */
        get: operations["list_people"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/people/{id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Give somebody another role; it holds at once */
        post: operations["change_role"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/people/{id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Turn somebody away: sessions, links and keys end */
        post: operations["deactivate_person"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/people/{id}/unlink": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End the links of somebody's accounts at providers: the next account that shows their address is theirs */
        post: operations["unlink_person"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What people can be given: roles, and the tenant's own sets of permissions within them */
        get: operations["list_roles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/roles/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Make a set of permissions within a role, or change it for all who hold it */
        put: operations["define_role"];
        post?: never;
        /** Take a set of permissions away that nobody holds */
        delete: operations["remove_role"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** API keys without their secrets */
        get: operations["list_keys"];
        put?: never;
        /** Make an API key; the answer shows it, this once */
        post: operations["create_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End an API key */
        delete: operations["revoke_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/openid": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** By which OpenID Connect provider people of a tenant sign in; of the only tenant when none is named */
        get: operations["list_sign_in_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/openid/start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Go to the provider to sign in; a page for browsers */
        get: operations["start_sign_in_by_provider"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/openid/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Come back from the provider with a code; a page for browsers */
        get: operations["end_sign_in_by_provider"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-authorization-server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How tokens are issued (RFC 8414) */
        get: operations["get_authorization_server"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-protected-resource": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who issues tokens for the API (RFC 9728) */
        get: operations["get_protected_resource"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/oauth-protected-resource/mcp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who issues tokens for `/mcp` */
        get: operations["get_protected_resource_mcp"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/jwks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The keys that access tokens are signed by (RFC 7517) */
        get: operations["get_signing_keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a new signing key; `when` is `planned` or `at-once` */
        post: operations["rotate_signing_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/authorize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Ask a person what a program may do (OAuth 2.1, PKCE S256) */
        get: operations["authorize"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign in on the way there */
        post: operations["sign_in_to_authorize"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/consent": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say yes or no, and go back to the program */
        post: operations["consent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An access token for a code, a refresh token, or a client's own credentials */
        post: operations["issue_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/oauth/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End what a token rests on (RFC 7009) */
        post: operations["revoke_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/clients": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The tenant's clients, the newest first */
        get: operations["list_clients"];
        put?: never;
        /** Register a client; the answer shows its secret, this once */
        post: operations["register_client"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/clients/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End a client, and what was granted to it */
        delete: operations["revoke_client"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one has let programs do */
        get: operations["list_grants"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/auth/grants/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of them */
        delete: operations["end_grant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chat/{tenant}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The visitor's own thread, the newest message last */
        get: operations["chat_history"];
        put?: never;
        /**
         * A visitor writes
         * @description Without a session it opens one. The same id again changes nothing. At most 10 messages of one visitor at once.
         */
        post: operations["chat_write"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chat/{tenant}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The visitor has seen an answer */
        post: operations["chat_read"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chat/{tenant}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages of the visitor's thread, and how they stand, as they come */
        get: operations["chat_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chat/{tenant}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page with the chat */
        get: operations["chat_page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/chat/widget.js": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The widget */
        get: operations["chat_widget"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/commands/create-booking": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * create-booking, for existing clients
         * @description The body of `POST /commands/create-booking`; fields that it does not know are ignored. The fields of `result` also stand on top. Without a credential only where the tenant's setting open_to lets the caller in.
         */
        post: operations["api_create_booking"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/commands/send-message": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * send-message, for existing clients
         * @description The body of `POST /commands/send-message`; fields that it does not know are ignored. The fields of `result` also stand on top. Without a credential only where the tenant's setting open_to lets the caller in.
         */
        post: operations["api_send_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/queries/availability": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * availability, for existing clients
         * @description The parameters of `GET /queries/availability`; others are ignored. A list is a bare array.
         */
        get: operations["api_availability"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/stripe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A webhook of stripe's that names no tenant
         * @description For the tenant that the host is bound to; signed as the provider signs.
         */
        post: operations["webhook_stripe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/ringcentral": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A webhook of ringcentral's that names no tenant
         * @description For the tenant that the host is bound to; signed as the provider signs.
         */
        post: operations["webhook_ringcentral"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/files/{thread_id}/{file_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A file that came with a message
         * @description At the `url` that `thread` shows. Needs conversations:read and personal-data:read.
         */
        get: operations["find_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/imports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload a file of customers
         * @description CSV or vCard, at most 10 MiB and 50,000 rows, in UTF-8, UTF-16 or Windows-1252. Nothing happens to customers until map-import and start-import. Needs customers:write and personal-data:read.
         */
        post: operations["upload_import"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send one command for many
         * @description For up to 1,000 ids, or for all that match a filter, 200 at a time: send the same again with the next_cursor of the answer. Each is a command of its own; one that does not go keeps none of the others from going.
         */
        post: operations["bulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/bulk-runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a bulk run for all that match
         * @description Begins a run in the background for all of a list that match a filter, 5,000 at most. The same key again answers the same run. The query bulk-run shows how far it is. For ids, send start-bulk-run.
         */
        post: operations["start_bulk_run_by_filter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tenant-exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take the whole business away
         * @description For an owner who has signed in, with a second factor from the last ten minutes; keys are refused. One tar archive: in `events` every event with a manifest and the wrapped keys, as `rapport events import` reads them, and `audit.ndjson`, which `rapport-verify` checks. What is personal stays sealed, and opens only in an installation with the same root key. One at a time is written by a server; it is on record.
         */
        post: operations["export_tenant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance?: string | null;
            code: string;
            errors?: {
                pointer?: string;
                code?: string;
                message?: string;
            }[];
            alternatives?: unknown[];
        };
        Answer: {
            command_id: string;
            aggregate_type: string;
            aggregate_id: string;
            sequence: number;
            position: string | null;
            events: Record<string, never>[];
            result: Record<string, never>;
        };
        /**
         * @description The businesses that the product knows.
         * @enum {string}
         */
        Module: "catering" | "agency" | "wellness" | "engagement" | "hospital";
        /**
         * Update the settings
         * @description Only the settings that are given change; a list is replaced whole.
         */
        UpdateSettings: {
            /**
             * @description IANA name; dates and slots are meant in it.
             * @default null
             */
            time_zone?: string | null;
            /**
             * @description ISO 3166 alpha-2; how local phone numbers are read.
             * @default null
             */
            region?: string | null;
            /**
             * @description ISO 4217; it cannot change once there are prices.
             * @default null
             */
            currency?: string | null;
            /**
             * @description Times of day at which parties start, `HH:MM`; they lie at least a party's length apart.
             * @default null
             */
            slots?: string[] | null;
            /**
             * Format: uint16
             * @description How long a party takes, in minutes.
             * @default null
             */
            party_minutes?: number | null;
            /** @description Where the business works. */
            zones?: components["schemas"]["ZoneInput"][] | null;
            /**
             * Format: uint16
             * @description How long an unpaid booking keeps its slot, 1 to 24 hours.
             * @default null
             */
            hold_hours?: number | null;
            /** @description What a cancellation gives back: the best percentage whose notice was kept; nothing without a rule. */
            refund_policy?: components["schemas"]["RefundRuleInput"][] | null;
            /** @description Whom messages come from. */
            senders?: components["schemas"]["SendersInput"] | null;
            /**
             * @description Binds `/webhooks/stripe` and the like, which name no tenant, to this one; `null` unbinds.
             * @default null
             */
            webhook_alias?: string | null;
            /**
             * @description Origins (`https://book.example`) and networks (`192.0.2.0/24`) from where `/api` may be called without a credential, to
             *     book and to ask what is free.
             * @default null
             */
            open_to?: string[] | null;
            /**
             * @description Origins of the pages on which the web chat stands, where they are others than those of `open_to`; none at all closes the
             *     chat, `null` goes by `open_to` again.
             * @default null
             */
            chat_open_to?: string[] | null;
            /** @description How the business talks. */
            messaging?: components["schemas"]["MessagingInput"] | null;
            /**
             * Format: uint16
             * @description Days from the wish to be erased until the erasure, 0 to 365; 30 unless set.
             * @default null
             */
            erasure_days?: number | null;
            /**
             * Format: uint16
             * @description Days from the wish that the whole business be deleted until its deletion, 7 to 365; 30 unless set.
             * @default null
             */
            deletion_days?: number | null;
            /**
             * @description How many days what is kept of each kind; what is left out is as by default.
             * @default null
             */
            retention?: components["schemas"]["Retention"] | null;
            /** @description What agents may do by themselves. */
            agents?: components["schemas"]["AgentsInput"] | null;
            /** @description How the assistant works. */
            assistant?: components["schemas"]["AssistantInput"] | null;
        };
        /** @description A service zone. */
        ZoneInput: {
            /** @description The zone's name, at most 64 characters. */
            zone: string;
            /**
             * @description Postcodes that lie in it, whole (`94110`) or as beginnings (`941*`).
             * @default []
             */
            postcodes?: string[];
        };
        /** @description One rule of the refund policy. */
        RefundRuleInput: {
            /**
             * Format: uint32
             * @description Cancelled at least so many hours before the start …
             */
            hours_before: number;
            /**
             * Format: uint8
             * @description … so many percent come back.
             */
            percent: number;
        };
        /** @description Names and addresses that messages come from; what is left out is unset. */
        SendersInput: {
            /**
             * @description The name beside the address.
             * @default null
             */
            email_name?: string | null;
            /**
             * @description The address that e-mails come from.
             * @default null
             */
            email_from?: string | null;
            /**
             * @description Where answers go.
             * @default null
             */
            email_reply_to?: string | null;
            /**
             * @description The number that text messages come from.
             * @default null
             */
            sms_from?: string | null;
        };
        /** @description What keywords are answered with, and what the AI does; what is left out is as by default. */
        MessagingInput: {
            /**
             * @description The answer to STOP, at most 640 characters.
             * @default null
             */
            stop_text?: string | null;
            /**
             * @description The answer to START, at most 640 characters.
             * @default null
             */
            start_text?: string | null;
            /**
             * @description The answer to HELP, at most 640 characters.
             * @default null
             */
            help_text?: string | null;
            /**
             * @description What the AI does in a thread that begins: `off` by default.
             * @default off
             */
            ai_mode?: components["schemas"]["AiMode"];
            /**
             * @description In which language letters and texts go out, such as `es`, where a template in it is published; else in `en`.
             * @default null
             */
            language?: string | null;
        };
        /** @description What the AI does in a thread. */
        AiMode: "off" | "auto" | "suggest";
        /** @description Days after which data of a class goes; what is not set is kept for the class's usual term, or for ever. */
        Retention: {
            /**
             * Format: uint16
             * @description Threads are erased so long after their newest message: 30 to 3,650 days; for ever unless set.
             */
            messages?: number | null;
            /**
             * Format: uint16
             * @description Files that came with messages: 1 to 3,650 days; as long as their thread unless set.
             */
            files?: number | null;
            /**
             * Format: uint16
             * @description Customers who never booked or paid and of whom nothing was heard for so long are erased, as by `erase-subject`: 30 to
             *     3,650 days; never unless set.
             */
            leads?: number | null;
            /**
             * Format: uint16
             * @description What agents asked for, once it is over: 1 to 3,650 days; for ever unless set.
             */
            approvals?: number | null;
            /**
             * Format: uint16
             * @description The bodies of handled webhooks: 1 to 90 days, 90 unless set.
             */
            webhook_bodies?: number | null;
            /**
             * Format: uint16
             * @description The history of what was delivered: 7 to 90 days, 90 unless set.
             */
            outbox_history?: number | null;
            /**
             * Format: uint16
             * @description Who read sensitive data: 30 to 3,650 days, 730 unless set.
             */
            audited_reads?: number | null;
        };
        /** @description The verdict on each class of commands that agents send; what is left out is as by default. People are not asked. */
        AgentsInput: {
            /**
             * @description Commands that change our records: `allow` by default.
             * @default null
             */
            write?: components["schemas"]["Verdict"] | null;
            /**
             * @description Commands that reach a person outside, such as bookings and messages: `allow` by default.
             * @default null
             */
            outward?: components["schemas"]["Verdict"] | null;
            /**
             * @description Commands that take something away: `approve` by default, as all that follow.
             * @default null
             */
            destructive?: components["schemas"]["Verdict"] | null;
            /**
             * @description Commands that move money, or say that it has moved.
             * @default null
             */
            money?: components["schemas"]["Verdict"] | null;
            /**
             * @description Commands that reach or change many at once.
             * @default null
             */
            bulk?: components["schemas"]["Verdict"] | null;
            /**
             * @description Commands that touch credentials and secrets.
             * @default null
             */
            key?: components["schemas"]["Verdict"] | null;
            /**
             * Format: int64
             * @description Refunds up to this need no approval, in minor units; 0 by default.
             * @default null
             */
            money_free_minor?: number | null;
            /**
             * Format: int64
             * @description One command for so many records needs no approval as such, 0 to 1,000; 0 by default. Each of the commands is ruled on
             *     by its own class as well.
             * @default null
             */
            bulk_free_records?: number | null;
            /**
             * @description Where links in messages of agents may lead without a person's agreement, as `example.com` with all that is below it;
             *     with none, anywhere. Name where your payment links lead as well.
             * @default []
             */
            link_domains?: string[];
            /**
             * Format: uint8
             * @description How many different people have to agree to what needs an approval, 1 or 2; 1 by default.
             * @default null
             */
            approvers?: number | null;
            /**
             * @description What each agent may do at most; none by default.
             * @default {
             *       "calls_per_minute": null,
             *       "writes_per_hour": null,
             *       "messages_per_day": null,
             *       "records_per_call": null,
             *       "refunds_minor_per_day": null,
             *       "customers_per_day": null
             *     }
             */
            limits?: components["schemas"]["AgentLimits"];
        };
        /** @description What becomes of an agent's command. */
        Verdict: "allow" | "approve" | "deny";
        /** @description What each agent may do at most, counted in windows of UTC; without a number there is no limit. */
        AgentLimits: {
            /**
             * Format: int64
             * @description Commands that are accepted, by the minute.
             * @default null
             */
            calls_per_minute?: number | null;
            /**
             * Format: int64
             * @description Commands that are accepted, by the hour.
             * @default null
             */
            writes_per_hour?: number | null;
            /**
             * Format: int64
             * @description Messages to customers, letters about bookings included.
             * @default null
             */
            messages_per_day?: number | null;
            /**
             * Format: int64
             * @description Records that one command changes.
             * @default null
             */
            records_per_call?: number | null;
            /**
             * Format: int64
             * @description Money given back, in minor units.
             * @default null
             */
            refunds_minor_per_day?: number | null;
            /**
             * Format: int64
             * @description Different customers dealt with.
             * @default null
             */
            customers_per_day?: number | null;
        };
        /** @description How the assistant works; what is left out is as by default. Each change is a new version, which runs name. */
        AssistantInput: {
            /**
             * @description Instead of the provider's usual model, at most 100 characters.
             * @default null
             */
            model?: string | null;
            /**
             * Format: uint16
             * @description The temperature in hundredths, 0 to 200, where the model has one.
             * @default null
             */
            temperature_percent?: number | null;
            /**
             * Format: uint32
             * @description The longest answer, 16 to 4,096 tokens: 600 by default.
             * @default null
             */
            max_output_tokens?: number | null;
            /**
             * Format: uint32
             * @description Rounds of asking the model and using its tools, 1 to 12: 6 by default.
             * @default null
             */
            max_rounds?: number | null;
            /**
             * Format: uint64
             * @description Tokens of one run over all of its attempts, 100 to 500,000: 60,000 by default.
             * @default null
             */
            max_tokens?: number | null;
            /**
             * Format: uint64
             * @description Tokens of all runs of one day, up to 1,000,000,000; without a number there is no limit. Once they are used up, threads
             *     go to people until the next day.
             * @default null
             */
            max_tokens_per_day?: number | null;
            /**
             * Format: uint32
             * @description US cents of all runs of one day, up to 10,000,000; calls whose price nobody knows count as the dearest that we know.
             * @default null
             */
            max_cents_per_day?: number | null;
            /**
             * @description Who looks for facts in a conversation that is closed: the model, where there is one, by default.
             * @default model
             */
            facts?: components["schemas"]["FactsBy"];
            /**
             * @description What the model is told beside our own rules, at most 8,000 characters.
             * @default null
             */
            instructions?: string | null;
            /**
             * @description A language (BCP 47) that the model answers in; that of the customer by default. Rules speak English.
             * @default null
             */
            language?: string | null;
            /**
             * @description Whether it answers by itself at all times, or only off hours.
             * @default always
             */
            answers?: components["schemas"]["AnswersWhen"];
            /**
             * @description When people of the business are there.
             * @default {}
             */
            hours?: components["schemas"]["WeeklyHours"];
            /**
             * Format: uint32
             * @description US cents for a million tokens that go in, where the model's price is not known to us.
             * @default null
             */
            input_price_cents?: number | null;
            /**
             * Format: uint32
             * @description US cents for a million tokens that come out.
             * @default null
             */
            output_price_cents?: number | null;
        };
        /** @description Who looks for facts about the customer in a conversation that is closed. */
        FactsBy: "model" | "rules" | "off";
        /** @description When the assistant answers by itself in threads that are `auto`; else it suggests. */
        AnswersWhen: "always" | "off_hours";
        /** @description What a chef works in a week; a day that is not listed is free. */
        WeeklyHours: {
            friday?: components["schemas"]["Stretch"][];
            monday?: components["schemas"]["Stretch"][];
            saturday?: components["schemas"]["Stretch"][];
            sunday?: components["schemas"]["Stretch"][];
            thursday?: components["schemas"]["Stretch"][];
            tuesday?: components["schemas"]["Stretch"][];
            wednesday?: components["schemas"]["Stretch"][];
        };
        /** @description One stretch of work. It runs past midnight when `to` is not after `from`. */
        Stretch: {
            from: string;
            to: string;
        };
        /** @description What the tenant charges, in minor units of its currency. */
        PriceBook: {
            /**
             * Format: int64
             * @description Per adult.
             */
            adult_minor: number;
            /**
             * Format: int64
             * @description Per kid.
             */
            kid_minor: number;
            /**
             * @description Upcharge per piece of each menu item; an item that is not listed cannot be ordered.
             * @default {}
             */
            menu_upcharges_minor?: {
                [key: string]: number;
            };
            /**
             * @description Fee for travelling to each zone; a zone that is not listed costs nothing.
             * @default {}
             */
            travel_fees_minor?: {
                [key: string]: number;
            };
            /**
             * Format: int64
             * @description No booking costs less than this.
             * @default 0
             */
            minimum_total_minor?: number;
            /**
             * Format: int64
             * @description Paid in advance to hold the chef; never more than the total.
             * @default 0
             */
            deposit_minor?: number;
        };
        /** @description Plain personal text in flight, from a request to the vault. It never prints and is never stored. */
        Pii: string;
        /**
         * @description Yes or no.
         * @enum {string}
         */
        Decision: "approve" | "reject";
        /** @description Where a customer, a booking or a consent comes from. */
        Source: ("ai_chat" | "web" | "phone" | "admin" | "import") | "provider";
        /** @description A person or organisation the tenant has a relationship with. */
        CustomerId: string;
        /**
         * @description A way to reach a customer.
         * @enum {string}
         */
        Channel: "email" | "sms" | "phone" | "whatsapp" | "web_chat";
        /**
         * @description What a message is for. A transactional one belongs to something the customer ordered; consent to it is no consent
         *     to marketing.
         * @enum {string}
         */
        Purpose: "transactional" | "marketing";
        /**
         * @description What the customer said.
         * @enum {string}
         */
        ConsentStanding: "granted" | "withdrawn";
        /** @description A file of customers that somebody brought. */
        ImportId: string;
        /** @description A field of a customer that a column may fill. */
        Field: ("first_name" | "last_name" | "email" | "phone" | "time_zone") | "full_name" | "address" | "tags";
        /** @description What becomes of a row whose customer is there already. */
        OnDuplicate: "skip" | "fill" | "update";
        /** @description One command for many records. */
        BulkRunId: string;
        /** @description What becomes of those under way when a journey is disabled. */
        InFlight: "stop" | "finish";
        /** @description One booking of a chef for a date and slot. */
        BookingId: string;
        /** @description One customer on the way through a journey. */
        JourneyRunId: string;
        /** @description A bookable chef. */
        ChefId: string;
        /** @description Days from one date to another. */
        DaysOff: {
            /**
             * Format: date
             * @description The first day, `YYYY-MM-DD`.
             */
            from: string;
            /**
             * Format: date
             * @description The last day, `YYYY-MM-DD`.
             */
            to: string;
        };
        /** @description A file that comes with a message. */
        Attachment: {
            /** @description Where it lies: an https address of at most 2,048 characters. */
            url: components["schemas"]["Pii"];
            /** @description Its media type, such as `image/jpeg`. */
            content_type: string;
            /** @description Its name, at most 255 characters. */
            name?: components["schemas"]["Pii"] | null;
        };
        /** @description A file that came with a message and is kept here. Who brings it keeps it under this id beside the thread. */
        ReceivedFile: {
            /** @description At most 64 letters, digits and dashes. */
            file_id: string;
            /** @description Its media type, such as `image/jpeg`. */
            content_type: string;
            /** @description Its name, at most 255 characters. */
            name?: components["schemas"]["Pii"] | null;
            /** Format: uint64 */
            size_bytes: number;
        };
        /** @description What became of a call from the customer. */
        CallOutcome: ("answered" | "missed") | "voicemail";
        /** @description One thread with a customer over one channel. */
        ConversationId: string;
        /**
         * @description Who speaks for the business.
         * @enum {string}
         */
        SendAs: "ai" | "human";
        /** @description A canned reply to send. */
        CannedReplyInput: {
            /** @description The name it was defined by. */
            name: string;
            /** @description Values of its variables; `first_name`, `last_name` and `business` are known unless given. */
            variables?: {
                [key: string]: components["schemas"]["Pii"];
            };
        };
        /** @description A template to send. */
        TemplateInput: {
            /** @description The template's name; of its languages the tenant's own is taken. */
            name: string;
            /**
             * @description For templates that speak of a booking; it must be the customer's.
             * @default null
             */
            booking_id?: components["schemas"]["BookingId"] | null;
            /** @description Values of the variables that the template declares. */
            variables?: {
                [key: string]: components["schemas"]["Pii"];
            };
        };
        /** @description A message of a conversation. */
        MessageId: string;
        /** @description Something that was read in a conversation. */
        FactId: string;
        /** @description Who books. */
        CustomerInput: {
            /** @description At most 100 characters. */
            first_name: components["schemas"]["Pii"];
            /** @description At most 100 characters. */
            last_name: components["schemas"]["Pii"];
            /** @description Trimmed and lower-cased. */
            email: components["schemas"]["Pii"];
            /** @description International, or local to the tenant's region. */
            phone: components["schemas"]["Pii"];
            /**
             * @description Text messages about this booking are welcome; absent or false changes nothing.
             * @default null
             */
            consent_sms?: boolean | null;
            /**
             * @description E-mails about this booking are welcome; absent or false changes nothing.
             * @default null
             */
            consent_email?: boolean | null;
        };
        /** @description What is booked. */
        BookingInput: {
            /**
             * Format: date
             * @description `YYYY-MM-DD`, in the tenant's time zone.
             */
            date: string;
            /** @description One of the tenant's slots, `HH:MM`. */
            slot: string;
            /** @description Where the party is, with its postcode. */
            address: components["schemas"]["Pii"];
            /**
             * @description A zone of the tenant's; derived from the address's postcode when absent.
             * @default null
             */
            zone?: string | null;
            /** @description Who comes. */
            party: components["schemas"]["PartyInput"];
            /**
             * @description What is ordered beyond the price per head.
             * @default []
             */
            menu?: components["schemas"]["MenuChoice"][];
            /** @description Allergies, parking and the like; at most 4,000 characters. */
            notes?: components["schemas"]["Pii"] | null;
        };
        /** @description Who comes to the table. */
        PartyInput: {
            /**
             * Format: uint16
             * @description At least one.
             */
            adults: number;
            /**
             * Format: uint16
             * @description Children at the kids' price.
             * @default 0
             */
            kids?: number;
        };
        /** @description So many of one menu item. */
        MenuChoice: {
            /** @description An item of the tenant's price book. */
            item: string;
            /** Format: uint32 */
            quantity: number;
        };
        /**
         * @description How the customer wants to pay the deposit.
         * @enum {string}
         */
        PaymentPreference: "stripe_checkout" | "invoice" | "cash";
        /** @description One payment, whatever brought it. */
        PaymentId: string;
        /** @description Why the law wants data to be kept. */
        HoldGround: "legal_claim" | "investigation" | "statutory_retention";
        /** @description How messages of a template go. */
        TemplateChannel: ("sms" | "whatsapp") | "email";
        /** @description What a template speaks of, and so which values are there to fill it in. */
        About: "customer" | "booking";
        /** @description A variable of a template. */
        Variable: {
            /** @description 1 to 32 lower-case letters, digits and underscores, beginning with a letter. */
            name: string;
            /** @description Shown in previews, at most 200 characters. */
            sample: string;
            /**
             * @description What stands in its place when there is no value. Without one it may be used only inside `{% if name %}`, or must be
             *     given with every message.
             */
            fallback?: string | null;
        };
        /** @description The words of a letter or text: its name, channel and language, such as `deposit-paid.email.en`. */
        TemplateId: string;
        /** @description A list with its filters, order and columns, under a name. */
        ViewId: string;
        /** @description How much of an event is sent. */
        PayloadStyle: "full" | "thin";
        /** @description Whether an endpoint is asked before anything is sent to it (CloudEvents, HTTP 1.1 Web Hooks, section 4). */
        Handshake: "none" | "required";
        /** @description An address of the tenant's own that hears of its events. */
        WebhookEndpointId: string;
        /** @enum {string} */
        UsageBy: "day" | "model" | "customer";
        /** @description How it stands. */
        Standing: ("rejected" | "withdrawn" | "expired") | "unknown" | "proposed" | "approved" | "executed";
        /** @enum {string} */
        StandingFilter: "proposed" | "approved" | "rejected" | "withdrawn" | "executed" | "expired";
        /** @enum {string} */
        ApprovalSort: "-created_at" | "created_at";
        Budget: "tokens" | "cost_micros";
        /** @description Where a run stands. */
        RunStanding: ("running" | "dismissed") | "unknown" | "suggested" | "accepted" | "edited" | "answered" | "handed_over" | "ended";
        /** @enum {string} */
        RunSort: "-started_at";
        /** @description Who thinks. */
        Engine: {
            kind: components["schemas"]["EngineKind"];
            /** @description `openai` and the like; null for rules. */
            provider?: string | null;
            /** @description As it is asked for; of rules, their edition. */
            model: string;
            /**
             * Format: uint32
             * @description Which edition of the tenant's settings for the assistant.
             */
            settings_version: number;
            /** @description SHA-256 of all that the model is told beforehand, hex; null for rules. */
            prompt_digest?: string | null;
        };
        EngineKind: "model" | "rules";
        ToolItem: {
            tool: string;
            outcome: components["schemas"]["ToolOutcome"];
            code?: string | null;
            /** @description `{"arguments", "result"}`; null without the permission to read personal data. */
            detail?: unknown;
        };
        /** @description How the use of a tool went. */
        ToolOutcome: "done" | "refused" | "proposed";
        /** @description Why the assistant leaves a thread to a person. */
        HandOverReason: "asked_for" | "upset" | "unsure" | "needs_approval" | "unavailable" | "budget" | "policy" | "by_hand";
        /** @description How something ended. */
        AuditResult: ("done" | "failed" | "refused") | "begun" | "read" | "lost";
        /** @enum {string} */
        AuditSort: "-recorded_at";
        /** @enum {string} */
        ReadSort: "-read_at";
        FreeChef: {
            chef_id: string;
            name: string;
        };
        /** @description Where a booking stands. */
        Status: ("confirmed" | "completed" | "cancelled" | "expired" | "no_show") | "deposit_pending" | "new";
        PartyItem: {
            /** Format: uint16 */
            adults: number;
            /** Format: uint16 */
            kids: number;
        };
        MenuLine: {
            item: string;
            /** Format: uint32 */
            quantity: number;
            /**
             * Format: int64
             * @description Per piece, as it was when booked.
             */
            upcharge_minor: number;
        };
        ChefOfBooking: {
            chef_id: string;
            name: string;
        };
        PriceLineItem: {
            /** @description `adults`, `kids`, `menu_item`, `travel` or `minimum_top_up`. */
            kind: string;
            label?: string | null;
            /** Format: uint32 */
            quantity: number;
            /** Format: int64 */
            unit_minor: number;
            /** Format: int64 */
            amount_minor: number;
        };
        /** @description An amount of one currency in its minor units (cents). */
        Money: {
            /** Format: int64 */
            amount_minor: number;
            currency: components["schemas"]["Currency"];
        };
        /** @description An ISO 4217 alphabetic code, upper case. */
        Currency: string;
        PaymentOfBooking: {
            payment_id: string;
            /** Format: int64 */
            received_minor: number;
            /** Format: int64 */
            refunded_minor: number;
        };
        /** @enum {string} */
        BookingSort: "-created_at" | "created_at" | "starts_at" | "-starts_at";
        BulkStanding: "running" | "finished" | "stopped";
        Reason: {
            /** @description The code of the refusal. */
            code: string;
            /** Format: uint */
            count: number;
        };
        /** @description One that did not go, and the code of its refusal. */
        FailedRecord: {
            id: string;
            code: string;
        };
        /** @enum {string} */
        ChefSort: "name";
        /** @description Both days included. */
        DateRangeItem: {
            from: string;
            to: string;
        };
        /** @enum {string} */
        Grouping: "total" | "day" | "channel" | "sender_type";
        Waits: {
            /** Format: int64 */
            count: number;
            /**
             * Format: double
             * @description Null when there are none.
             */
            mean_seconds?: number | null;
            /** Format: double */
            median_seconds?: number | null;
            /**
             * Format: double
             * @description Nine of ten waited no longer.
             */
            p90_seconds?: number | null;
        };
        CustomerItem: {
            customer_id: string;
            name: string;
            first_name: string;
            last_name: string;
            /** @description Null without the permission to read personal data. */
            email?: string | null;
            /** @description E.164; null without the permission to read personal data. */
            phone?: string | null;
            /** @description Null without the permission to read personal data. */
            address?: string | null;
            time_zone: string;
            source: components["schemas"]["Source"];
            /** @description `living`, `archived`, `merged` or `erased`. */
            status: string;
            /** @description Where a merged customer lives on. */
            merged_into?: string | null;
            /** @description Another customer has the same phone. */
            possible_duplicate: boolean;
            tags: string[];
            consents: components["schemas"]["ConsentItem"][];
            /** @description The data rests: the name is a stand-in, and nothing personal is shown. */
            restricted: boolean;
            /** @description When the data will be erased, if it will. */
            erase_at?: string | null;
            /** @description Why the law wants the data kept, if so. */
            hold?: components["schemas"]["HoldGround"] | null;
            /** @description Channels by which nothing reaches the customer: a message came back for good. */
            unreachable: components["schemas"]["UnreachableItem"][];
            created_at: string;
            updated_at: string;
            /**
             * Format: int64
             * @description For `If-Match`.
             */
            sequence: number;
        };
        ConsentItem: {
            channel: components["schemas"]["Channel"];
            purpose: components["schemas"]["Purpose"];
            granted: boolean;
            changed_at: string;
        };
        UnreachableItem: {
            channel: components["schemas"]["Channel"];
            /** @description The provider's code of the failure. */
            code: string;
            since: string;
        };
        ConsentProof: {
            customer_id: string;
            channel: string;
            purpose: string;
            granted: boolean;
            source: string;
            /** @description The words that the customer saw or said. */
            wording: string;
            changed_at: string;
        };
        NoteItem: {
            note_id: string;
            /** @description Null without the permission to read personal data. */
            text?: string | null;
            author: string;
            noted_at: string;
        };
        BookingItem: {
            booking_id: string;
            customer_id: string;
            customer_name: string;
            status: components["schemas"]["Status"];
            date: string;
            /** @description A time of day in the tenant's zone (HH:MM). */
            slot: string;
            starts_at: string;
            ends_at: string;
            zone: string;
            /** @description Null without the permission to read personal data. */
            address?: string | null;
            party: components["schemas"]["PartyItem"];
            /** Format: uint32 */
            guests: number;
            menu: components["schemas"]["MenuLine"][];
            /** @description Null without the permission to read personal data. */
            notes?: string | null;
            /** @description Null until a chef is assigned, although one is held from the start. */
            chef?: components["schemas"]["ChefOfBooking"] | null;
            /** @description How the total comes about. */
            price: components["schemas"]["PriceLineItem"][];
            total: components["schemas"]["Money"];
            deposit: components["schemas"]["Money"];
            /** @description Received and not given back. */
            paid: components["schemas"]["Money"];
            /** @description Still to be paid of the total. */
            balance: components["schemas"]["Money"];
            payment_preference: components["schemas"]["PaymentPreference"];
            /** @description The payment page that can be paid on now; null while the outbox has none yet, and once it is closed. */
            stripe_checkout_url?: string | null;
            hold_until?: string | null;
            payments: components["schemas"]["PaymentOfBooking"][];
            /**
             * Format: uint8
             * @description What the policy gave back at cancellation, in percent.
             */
            refund_percent?: number | null;
            /** @description Null without the permission to read personal data. */
            cancellation_reason?: string | null;
            /** @description A person should look: money came too late. */
            flagged: boolean;
            source: components["schemas"]["Source"];
            channel_thread_id?: string | null;
            created_at: string;
            updated_at: string;
            /**
             * Format: int64
             * @description For `If-Match`.
             */
            sequence: number;
        };
        InboxItem: {
            thread_id: string;
            /** @description Null while nobody knows whose address it is. */
            customer_id?: string | null;
            /** @description Empty for somebody who has not said their name. */
            customer_name: string;
            /** @description The number or e-mail address that answers go to; null without the permission to read personal data. */
            address?: string | null;
            /** @description `sms`, `whatsapp`, `phone`, `email` or `web_chat`. */
            channel: string;
            /** @description `open`, `pending`, `snoozed` or `closed`. */
            status: string;
            assigned_agent_id?: string | null;
            /** @description `auto`, `suggest` or `off`. */
            ai_mode: string;
            /** @description Null while there is no message. */
            last_message_at?: string | null;
            /** @description Its first 500 characters; null without the permission to read personal data. */
            last_message?: string | null;
            /** @description `in` or `out`. */
            last_direction?: string | null;
            /** Format: int64 */
            unread_count: number;
            /** Format: int64 */
            message_count: number;
            /** @description What an e-mail is about; null without the permission to read personal data. */
            subject?: string | null;
            snoozed_until?: string | null;
            /** @description STOP holds: nothing but the answer to it goes out. */
            opted_out: boolean;
            /**
             * Format: int64
             * @description How many customers share the address; move the thread to the one who writes.
             */
            candidate_count: number;
            created_at: string;
            updated_at: string;
            /**
             * Format: int64
             * @description For `If-Match`.
             */
            sequence: number;
        };
        FactItem: {
            fact_id: string;
            extraction_id: string;
            thread_id: string;
            customer_id?: string | null;
            field: components["schemas"]["FactField"];
            /**
             * @description By the field: text, or `{adults, kids}`, `{first, last}`, `{amount_minor, currency}`; null without the permission to
             *     read personal data.
             */
            value?: unknown;
            /** @description The customer's own words; null without the permission to read personal data. */
            quote?: string | null;
            /** @description Where those words stand. */
            message_id: string;
            evidence: components["schemas"]["Evidence"];
            /**
             * Format: double
             * @description Between 0 and 1.
             */
            confidence: number;
            standing: components["schemas"]["FactStanding"];
            /** @description Whether it is what counts for its field in this conversation. */
            current: boolean;
            /** @description Who has read it. */
            engine: components["schemas"]["Engine"];
            /** @description Who accepted or rejected it. */
            decided_by?: string | null;
            found_at: string;
        };
        /** @description A kind of fact. */
        FactField: ("party" | "address" | "diet" | "name" | "email" | "phone" | "budget") | "date";
        /** @description What a fact rests on, which says more than a confidence that its finder gives itself. */
        Evidence: "stated" | "answered" | "inferred";
        /** @description How a fact stands. */
        FactStanding: ("accepted" | "rejected") | "kept" | "review" | "undone";
        RunItem: {
            run_id: string;
            journey: string;
            /**
             * Format: uint32
             * @description The version that it goes through to the end.
             */
            version: number;
            customer_id: string;
            booking_id?: string | null;
            /** @description What began it; null where a person did. */
            trigger?: components["schemas"]["Happened"] | null;
            standing: components["schemas"]["customer-360.RunStanding"];
            /** @description The step that is next, or that it waits at. */
            step?: string | null;
            /** @description When it goes on at the latest, while it waits. */
            wakes_at?: string | null;
            /** @description The event that it waits for, if it does. */
            waits_for?: string | null;
            /** @description Steps that were taken, in order. */
            steps: components["schemas"]["Taken"][];
            /** @description Why it is over. */
            ended?: components["schemas"]["EndCause"] | null;
            began_at: string;
            updated_at: string;
        };
        /** @description An event that a journey has heard of. */
        Happened: {
            event_type: string;
            aggregate_type: string;
            aggregate_id: string;
            /** Format: int64 */
            sequence: number;
        };
        "customer-360.RunStanding": ("running" | "waiting") | "finished" | "exited";
        /** @description A step that was taken. */
        Taken: {
            /** @description Where the step stands: `4.1.2` is the second step of the first arm of the fourth one. */
            step: string;
            /** @description `wait`, `send`, `command`, `branch`, `split`, `ask-ai`, `webhook` or `tag`. */
            kind: string;
            outcome: components["schemas"]["StepOutcome"];
            at: string;
        };
        /** @description What came of a step. */
        StepOutcome: {
            /** @constant */
            outcome: "sent";
            thread_id: string;
            message_id: string;
            held: boolean;
        } | {
            /** @constant */
            outcome: "withheld";
            code: string;
        } | {
            /** @constant */
            outcome: "commanded";
            aggregate_type: string;
            aggregate_id: string;
        } | {
            /** @constant */
            outcome: "refused";
            code: string;
        } | {
            /** @constant */
            outcome: "tagged";
        } | {
            /** @constant */
            outcome: "told";
        } | {
            /** @constant */
            outcome: "answered";
            answer: string;
        } | {
            /** @constant */
            outcome: "turned";
            /** Format: uint */
            arm?: number | null;
        } | {
            /** @constant */
            outcome: "waited";
        } | {
            /** @constant */
            outcome: "passed";
        } | {
            /** @constant */
            outcome: "heard";
        } | {
            /** @constant */
            outcome: "timed_out";
        };
        /** @description Why a run is over. */
        EndCause: {
            /** @constant */
            cause: "finished";
        } | {
            /** @constant */
            cause: "event";
            event_type: string;
        } | {
            /** @constant */
            cause: "journey_disabled";
        } | {
            /** @constant */
            cause: "customer_gone";
        } | {
            /** @constant */
            cause: "stopped";
            by: string;
        };
        PaymentItem: {
            payment_id: string;
            provider: string;
            /** @description The provider's own id. */
            provider_id: string;
            method: string;
            status: components["schemas"]["PaymentStatus"];
            amount: components["schemas"]["Money"];
            /** @description What of it went back. */
            refunded: components["schemas"]["Money"];
            /** @description What can still be given back, refunds under way taken off. */
            refundable: components["schemas"]["Money"];
            /** @description Null without the permission to read personal data. */
            memo?: string | null;
            booking_id?: string | null;
            customer_id?: string | null;
            customer_name?: string | null;
            /** @description Why it is matched: `checkout`, `linked_by_hand` or `marked_paid`. */
            match_reason?: string | null;
            /**
             * @description Open bookings that it may belong to, the best three first; none once it is matched or has gone back, nor without
             *     the permission to read bookings.
             */
            suggestions: components["schemas"]["Suggestion"][];
            /** @description Why a person should look. */
            flags: string[];
            refunds: components["schemas"]["RefundItem"][];
            received_at: string;
            updated_at: string;
            /**
             * Format: int64
             * @description For `If-Match`.
             */
            sequence: number;
        };
        /** @description Where a payment stands. */
        PaymentStatus: ("received" | "matched") | "refunded";
        /** @description A booking that a payment may belong to. */
        Suggestion: {
            booking_id: string;
            customer_id: string;
            customer_name: string;
            date: string;
            /** @description A time of day in the tenant's zone (HH:MM). */
            slot: string;
            /** @description Still to be paid of the booking's total. */
            balance: components["schemas"]["Money"];
            /**
             * Format: double
             * @description From 0.5 (worth a look) to 1 (amount, name and date fit).
             */
            score: number;
            /** @description What speaks for it. */
            reasons: components["schemas"]["customer-360.Reason"][];
        };
        /** @description Why a payment may belong to a booking. */
        "customer-360.Reason": "amount_is_balance" | "amount_is_deposit" | "amount_is_part_of_balance" | "full_name_in_memo" | "last_name_in_memo" | "first_name_in_memo" | "received_near_creation" | "received_near_start";
        RefundItem: {
            refund_id: string;
            /** Format: int64 */
            amount_minor: number;
            /** @description `requested`, `refunded` or `failed`. */
            status: string;
        };
        TimelineItem: {
            /** @description Where the event stands in the log; as `as_of`, the record right after it. */
            position: string;
            occurred_at: string;
            event_type: string;
            aggregate_type: string;
            aggregate_id: string;
            summary: string;
            /** @description The principal who did it. */
            actor: string;
        };
        /** @enum {string} */
        CustomerStatus: "living" | "archived" | "merged";
        /** @enum {string} */
        CustomerSort: "-created_at" | "created_at" | "last_name";
        RevenueItem: {
            currency: string;
            /** Format: int64 */
            booked_minor: number;
            /** Format: int64 */
            received_minor: number;
            /** Format: int64 */
            refunded_minor: number;
            /** Format: int64 */
            revenue_minor: number;
        };
        /** @enum {string} */
        FactSort: "-found_at";
        "import-preview.Verdict": ("new" | "refused") | "duplicate" | "repeated";
        VerdictCounts: {
            /** Format: uint32 */
            new: number;
            /** Format: uint32 */
            duplicate: number;
            /** Format: uint32 */
            repeated: number;
            /** Format: uint32 */
            refused: number;
        };
        PreviewRow: {
            /**
             * Format: int64
             * @description 1 for the first; the header is not counted.
             */
            row: number;
            verdict: components["schemas"]["import-preview.Verdict"];
            /** @description The customer that is there already. */
            customer_id?: string | null;
            /**
             * Format: int64
             * @description The earlier row of a repeated one.
             */
            same_as_row?: number | null;
            /** @description What is wrong with it, by field. */
            problems: components["schemas"]["RowProblem"][];
            cells: string[];
        };
        RowProblem: {
            field: string;
            code: string;
            message: string;
        };
        /** @enum {string} */
        RowStanding: "waiting" | "created" | "updated" | "unchanged" | "skipped" | "failed" | "undone" | "kept";
        /** @enum {string} */
        RowSort: "row";
        ImportStanding: ("running" | "finished" | "undoing" | "undone") | "unknown" | "receiving" | "ready" | "stopped";
        /** @enum {string} */
        ImportSort: "-created_at";
        Format: "csv" | "vcard";
        /** @description How the rows stand, all together. */
        Counts: {
            /**
             * Format: uint32
             * @description Not looked at yet.
             * @default 0
             */
            waiting?: number;
            /**
             * Format: uint32
             * @default 0
             */
            created?: number;
            /**
             * Format: uint32
             * @default 0
             */
            updated?: number;
            /**
             * Format: uint32
             * @description The customer was there, and there was nothing to do.
             * @default 0
             */
            unchanged?: number;
            /**
             * Format: uint32
             * @description The customer was there, and was to be left alone.
             * @default 0
             */
            skipped?: number;
            /**
             * Format: uint32
             * @default 0
             */
            failed?: number;
            /**
             * Format: uint32
             * @description Created or updated, and taken back again.
             * @default 0
             */
            undone?: number;
            /**
             * Format: uint32
             * @description Not taken back: somebody has used or changed the customer since.
             * @default 0
             */
            kept?: number;
        };
        /** @description Where a thread stands. */
        ThreadStatus: "closed" | "open" | "pending" | "snoozed";
        /** @enum {string} */
        InboxSort: "-last_message_at" | "last_message_at";
        JourneyStanding: ("enabled" | "disabled") | "unknown" | "defined";
        VersionItem: {
            /** Format: uint32 */
            version: number;
            /** @description YAML, as it was written. */
            definition: string;
            /** @description The principal. */
            defined_by: string;
        };
        "journey-runs.RunStanding": ("running" | "waiting") | "finished" | "exited";
        /** @enum {string} */
        "journey-runs.RunSort": "-began_at";
        /** @enum {string} */
        JourneySort: "journey";
        /** @enum {string} */
        PaymentSort: "-received_at" | "received_at";
        /** @description A booking that a payment may belong to. */
        "payments-feed.Suggestion": {
            booking_id: string;
            customer_id: string;
            customer_name: string;
            date: string;
            /** @description A time of day in the tenant's zone (HH:MM). */
            slot: string;
            /** @description Still to be paid of the booking's total. */
            balance: components["schemas"]["Money"];
            /**
             * Format: double
             * @description From 0.5 (worth a look) to 1 (amount, name and date fit).
             */
            score: number;
            /** @description What speaks for it. */
            reasons: components["schemas"]["payments-feed.Reason"][];
        };
        /** @description Why a payment may belong to a booking. */
        "payments-feed.Reason": "amount_is_balance" | "amount_is_deposit" | "amount_is_part_of_balance" | "full_name_in_memo" | "last_name_in_memo" | "first_name_in_memo" | "received_near_creation" | "received_near_start";
        DayItem: {
            date: string;
            slots: components["schemas"]["SlotItem"][];
        };
        SlotItem: {
            slot: string;
            starts_at: string;
            ends_at: string;
            state: components["schemas"]["CellState"];
            booking?: components["schemas"]["CellBooking"] | null;
        };
        CellState: "free" | "off" | "not_working" | "held" | "booked";
        CellBooking: {
            booking_id: string;
            customer_id: string;
            customer_name: string;
            status: components["schemas"]["Status"];
            zone: string;
            /** Format: uint32 */
            guests: number;
            /** Format: int64 */
            total_minor: number;
            currency: string;
        };
        /** @enum {string} */
        ExportFormat: "json" | "html";
        TemplateStanding: "published" | "unknown" | "draft" | "retired";
        /** @description The words of a template. */
        Content: {
            /** @description Of an e-mail; one line, at most 200 characters. */
            subject?: string | null;
            /** @description At most 20,000 characters in an e-mail, 1,600 in an SMS, 4,096 over WhatsApp. */
            text: string;
            /** @description Of an e-mail, at most 60,000 characters; made of the text unless given. What is filled in is escaped. */
            html?: string | null;
            /** @description What it uses beyond the values that fill in by themselves, and what stands in for those that may be missing. */
            variables?: components["schemas"]["Variable"][];
        };
        "template.VersionItem": {
            /** Format: uint32 */
            version: number;
            digest: string;
            content: components["schemas"]["Content"];
            /** @description The principal. */
            published_by: string;
            published_at: string;
        };
        /** @description A value that fills in by itself. */
        KnownItem: {
            name: string;
            meaning: string;
            sample: string;
            /** @description Whether it may be missing: then it is used inside a condition, or with a fallback. */
            may_be_missing: boolean;
        };
        /** @enum {string} */
        Which: "draft" | "published";
        /** @description What a text costs. */
        Segments: {
            alphabet: components["schemas"]["Alphabet"];
            /**
             * Format: uint
             * @description Places taken: septets, or units of UTF-16.
             */
            units: number;
            /** Format: uint */
            segments: number;
        };
        /** @enum {string} */
        Alphabet: "gsm" | "unicode";
        /** @enum {string} */
        TemplateSort: "template_id";
        ProviderItem: {
            settings: {
                [key: string]: unknown;
            };
            /** @description The names of the secrets that are set. */
            secrets: string[];
            /** @description The newest `test-provider` of this configuration; null before the first. */
            last_test?: components["schemas"]["LastTest"] | null;
        };
        LastTest: {
            test_id: string;
            /** @description `pending`, `passed` or `failed`. */
            status: string;
            requested_at: string;
            finished_at?: string | null;
            /** Format: uint64 */
            took_ms?: number | null;
            /** @description What the provider answered, in our words; null while pending. */
            detail?: string | null;
            /** @description Why it failed; null unless it did. */
            problem?: components["schemas"]["TestProblem"] | null;
        };
        TestProblem: {
            /**
             * @description `provider-unreachable`, `provider-busy`, `provider-refused`, `provider-credentials-refused` or
             *     `provider-answer-missing`.
             */
            code: string;
            /** @description What would be right. */
            title: string;
            /** @description The provider's verdict. */
            detail: string;
        };
        CannedReplyItem: {
            /** Format: uint32 */
            version: number;
            text: string;
        };
        Candidate: {
            customer_id: string;
            name: string;
        };
        "thread.RunItem": {
            /** @description That of the customer's message. */
            run_id: string;
            thread_id: string;
            customer_id?: string | null;
            ai_mode: components["schemas"]["AiMode"];
            engine: components["schemas"]["Engine"];
            standing: components["schemas"]["RunStanding"];
            /** @description What it said or suggests; null without the permission to read personal data. */
            content?: string | null;
            /** @description Why it says that. */
            reasons: string[];
            /** @description What it looked up and did. */
            tools: components["schemas"]["ToolItem"][];
            /** @description Commands that make it true, `[{"command", "body"}]`; null without the permission to read personal data. */
            actions?: unknown;
            /** @description Why a person had better answer. */
            needs_person?: components["schemas"]["HandOverReason"] | null;
            hand_over?: components["schemas"]["HandOverReason"] | null;
            /** @description Why nothing came of it. */
            ended_by?: string | null;
            /** @description The message that came of it. */
            message_id?: string | null;
            /** Format: uint32 */
            calls: number;
            /** Format: uint32 */
            failed_calls: number;
            /** Format: uint64 */
            input_tokens: number;
            /** Format: uint64 */
            output_tokens: number;
            /**
             * Format: uint64
             * @description In millionths of a US dollar.
             */
            cost_micros: number;
            /** Format: uint64 */
            latency_ms: number;
            started_at: string;
            finished_at?: string | null;
        };
        MessageItem: {
            message_id: string;
            /** @description Another than this thread for what was merged into it. */
            thread_id: string;
            /** @description `in`, `out`, or `note` for what our own people wrote to each other. */
            direction: string;
            /** @description `ai`, `human` or `system`. */
            sender_type?: string | null;
            sender_id?: string | null;
            /** @description Null without the permission to read personal data. */
            content?: string | null;
            /** @description Null without the permission to read personal data. */
            subject?: string | null;
            /** @description Null without the permission to read personal data. */
            attachments?: components["schemas"]["AttachmentItem"][] | null;
            /** @description `answered`, `missed` or `voicemail` where it was a call; null for what was written. */
            call?: string | null;
            /** @description `transactional` or `marketing`. */
            purpose?: string | null;
            /** @description `received`, `queued`, `sent`, `delivered`, `read` or `failed`; null for a note. */
            status?: string | null;
            status_at: string;
            /** @description Why it failed. */
            failure?: components["schemas"]["MessageFailure"] | null;
            /** @description Why it was allowed to go. */
            why?: components["schemas"]["thread.Decision"] | null;
            canned_reply?: components["schemas"]["CannedUse"] | null;
            /** @description Quiet hours hold it back until then. */
            held_until?: string | null;
            provider?: string | null;
            provider_message_id?: string | null;
            written_at: string;
        };
        AttachmentItem: {
            /** @description An address of the provider's, or a path here (`/files/…`) for what we keep. */
            url: string;
            content_type: string;
            name?: string | null;
            /**
             * Format: uint64
             * @description Of what we keep; null for what lies elsewhere.
             * @default null
             */
            size_bytes?: number | null;
        };
        /** @description Why a message failed. */
        MessageFailure: {
            reason: components["schemas"]["FailureReason"];
            /** @description The provider's code, or ours. */
            code: string;
        };
        FailureReason: "withheld" | "refused" | "undelivered";
        /** @description The decision as it is kept with the message. */
        "thread.Decision": {
            decided_at: string;
            /** @description Quiet hours hold it back until then. */
            held_until?: string | null;
        } & ({
            /** @constant */
            basis: "consent";
            customer_id: components["schemas"]["CustomerId"];
            granted_at: string;
            /** @default null */
            source?: components["schemas"]["Source"] | null;
            /**
             * @description The words that the customer saw or said.
             * @default
             */
            wording?: string;
        } | {
            /** @constant */
            basis: "answer";
            message_id: components["schemas"]["MessageId"];
            written_at: string;
        } | {
            /** @constant */
            basis: "keyword";
            message_id: components["schemas"]["MessageId"];
            keyword: components["schemas"]["Keyword"];
        });
        /** @description What a keyword asks for. */
        Keyword: "stop" | "start" | "help";
        /** @description Which canned reply, or which version of a template, a message was. */
        CannedUse: {
            /** @description That of the canned reply, or the template's id. */
            name: string;
            /** Format: uint32 */
            version: number;
            /** @description SHA-256 of a template's words; a canned reply has none. */
            digest?: string | null;
        };
        /** @enum {string} */
        ViewSort: "name";
        /** @enum {string} */
        Outcome: "accepted" | "failed";
        /** @enum {string} */
        DeliverySort: "-attempted_at";
        /** @enum {string} */
        "webhook-endpoints.StandingFilter": "enabled" | "disabled" | "deleted";
        /** @enum {string} */
        EndpointSort: "created_at";
        EndpointStanding: "enabled" | "unknown" | "disabled" | "deleted";
        DisabledReason: "by_hand" | "gone" | "failing";
        /** @enum {string} */
        ReplaySort: "-ordered_at";
    };
    responses: {
        /** @description Refused or failed; `code` says why */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    create_tenant: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The name in URLs: 1 to 64 lower-case letters, digits and inner dashes. */
                    slug: string;
                    /** @description The business's own name. */
                    name: string;
                    /** @description The modules that it uses. */
                    modules: components["schemas"]["Module"][];
                    /** @description What `update-settings` takes; the rest is as by default. */
                    settings?: components["schemas"]["UpdateSettings"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    update_settings: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description IANA name; dates and slots are meant in it.
                     * @default null
                     */
                    time_zone?: string | null;
                    /**
                     * @description ISO 3166 alpha-2; how local phone numbers are read.
                     * @default null
                     */
                    region?: string | null;
                    /**
                     * @description ISO 4217; it cannot change once there are prices.
                     * @default null
                     */
                    currency?: string | null;
                    /**
                     * @description Times of day at which parties start, `HH:MM`; they lie at least a party's length apart.
                     * @default null
                     */
                    slots?: string[] | null;
                    /**
                     * Format: uint16
                     * @description How long a party takes, in minutes.
                     * @default null
                     */
                    party_minutes?: number | null;
                    /** @description Where the business works. */
                    zones?: components["schemas"]["ZoneInput"][] | null;
                    /**
                     * Format: uint16
                     * @description How long an unpaid booking keeps its slot, 1 to 24 hours.
                     * @default null
                     */
                    hold_hours?: number | null;
                    /** @description What a cancellation gives back: the best percentage whose notice was kept; nothing without a rule. */
                    refund_policy?: components["schemas"]["RefundRuleInput"][] | null;
                    /** @description Whom messages come from. */
                    senders?: components["schemas"]["SendersInput"] | null;
                    /**
                     * @description Binds `/webhooks/stripe` and the like, which name no tenant, to this one; `null` unbinds.
                     * @default null
                     */
                    webhook_alias?: string | null;
                    /**
                     * @description Origins (`https://book.example`) and networks (`192.0.2.0/24`) from where `/api` may be called without a credential, to
                     *     book and to ask what is free.
                     * @default null
                     */
                    open_to?: string[] | null;
                    /**
                     * @description Origins of the pages on which the web chat stands, where they are others than those of `open_to`; none at all closes the
                     *     chat, `null` goes by `open_to` again.
                     * @default null
                     */
                    chat_open_to?: string[] | null;
                    /** @description How the business talks. */
                    messaging?: components["schemas"]["MessagingInput"] | null;
                    /**
                     * Format: uint16
                     * @description Days from the wish to be erased until the erasure, 0 to 365; 30 unless set.
                     * @default null
                     */
                    erasure_days?: number | null;
                    /**
                     * Format: uint16
                     * @description Days from the wish that the whole business be deleted until its deletion, 7 to 365; 30 unless set.
                     * @default null
                     */
                    deletion_days?: number | null;
                    /**
                     * @description How many days what is kept of each kind; what is left out is as by default.
                     * @default null
                     */
                    retention?: components["schemas"]["Retention"] | null;
                    /** @description What agents may do by themselves. */
                    agents?: components["schemas"]["AgentsInput"] | null;
                    /** @description How the assistant works. */
                    assistant?: components["schemas"]["AssistantInput"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    set_price_book: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PriceBook"];
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    configure_provider: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description `stripe`, `twilio`, `ringcentral`, `whatsapp`, `resend`, `smtp`, `email`, `openai`, `anthropic`, `openid` or `app`; each
                     *     has a page in docs/providers with its settings and secrets. Who comes in by `openid` is for whoever may also invite
                     *     people to say.
                     */
                    provider: string;
                    /**
                     * @description Everything that is not secret. `"sends": false` keeps a provider from being chosen to send.
                     * @default {}
                     */
                    settings?: {
                        [key: string]: unknown;
                    };
                    /**
                     * @description Secrets by name: `secret_key`, `webhook_secret`, `password`, … While one is being rolled, the one before it is
                     *     still good under its name with `_previous`.
                     */
                    secrets?: {
                        [key: string]: components["schemas"]["Pii"] | null;
                    };
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    test_provider: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description One that is configured and does more than receive. */
                    provider: string;
                    /** @description Where the letter or the text goes: an e-mail address or a phone number. */
                    to?: components["schemas"]["Pii"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    request_tenant_deletion: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The business's short name (its slug), typed once more. */
                    confirm: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    withdraw_tenant_deletion: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    decide_approval: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The approval's id. */
                    approval_id: string;
                    /** @description Yes or no. */
                    decision: components["schemas"]["Decision"];
                    /** @description Why, for the record; at most 1,000 characters. */
                    note?: components["schemas"]["Pii"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    withdraw_approval: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The approval's id. */
                    approval_id: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    create_lead: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Where the lead comes from. */
                    source: components["schemas"]["Source"];
                    /**
                     * @description The place it came in by: `form`, `chat`, `call`, …
                     * @default null
                     */
                    channel?: string | null;
                    /** @description At most 100 characters. */
                    first_name: components["schemas"]["Pii"];
                    /** @description At most 100 characters. */
                    last_name?: components["schemas"]["Pii"] | null;
                    /** @description An e-mail address or a phone number is needed. */
                    email?: components["schemas"]["Pii"] | null;
                    /** @description International, or local to the tenant's region. */
                    phone?: components["schemas"]["Pii"] | null;
                    /** @description The postal address, as one would write it on an envelope. */
                    address?: components["schemas"]["Pii"] | null;
                    /**
                     * @description IANA name; the default is America/Los_Angeles.
                     * @default null
                     */
                    time_zone?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    update_customer: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    /** @description At most 100 characters. */
                    first_name?: components["schemas"]["Pii"] | null;
                    /** @description At most 100 characters; `null` removes it. */
                    last_name?: components["schemas"]["Pii"] | null;
                    /** @description `null` removes it. */
                    email?: components["schemas"]["Pii"] | null;
                    /** @description International, or local to the tenant's region; `null` removes it. */
                    phone?: components["schemas"]["Pii"] | null;
                    /** @description The postal address; `null` removes it. */
                    address?: components["schemas"]["Pii"] | null;
                    /**
                     * @description IANA name.
                     * @default null
                     */
                    time_zone?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    update_consent: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    channel: components["schemas"]["Channel"];
                    /** @description `transactional` covers what the customer ordered; `marketing` all else. */
                    purpose: components["schemas"]["Purpose"];
                    standing: components["schemas"]["ConsentStanding"];
                    /** @description Where the customer said so. */
                    source: components["schemas"]["Source"];
                    /** @description The words that the customer saw or said; kept as proof. At most 2,000 characters. */
                    wording: string;
                    /**
                     * @description When, where that was before now (RFC 3339).
                     * @default null
                     */
                    at?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    add_note: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    /** @description At most 4,000 characters. */
                    text: components["schemas"]["Pii"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    tag_customer: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    /** @description At most 64 characters. */
                    tag: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    untag_customer: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    /** @description The tag as it was given. */
                    tag: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    merge_customers: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one that stays. */
                    survivor_id: components["schemas"]["CustomerId"];
                    /** @description The one that goes. */
                    merged_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    unmerge_customers: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one that stayed. */
                    survivor_id: components["schemas"]["CustomerId"];
                    /** @description The one to bring back. */
                    merged_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    archive_customer: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    unarchive_customer: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    map_import: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    import_id: components["schemas"]["ImportId"];
                    /** @description For each column, in order, the field that it fills; `null` leaves the column out. */
                    mapping: (components["schemas"]["Field"] | null)[];
                    /**
                     * @description A customer is known by e-mail address, or else by phone number.
                     * @default skip
                     */
                    on_duplicate?: components["schemas"]["OnDuplicate"];
                    /**
                     * @description Tags that everybody in the file gets, at most 10.
                     * @default []
                     */
                    tags?: string[];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    start_import: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    import_id: components["schemas"]["ImportId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    stop_import: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    import_id: components["schemas"]["ImportId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    retry_import: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    import_id: components["schemas"]["ImportId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    undo_import: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    import_id: components["schemas"]["ImportId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    start_bulk_run: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description An id of your own, such as a UUID, by which a repetition is known; made up unless given.
                     * @default null
                     */
                    run_id?: components["schemas"]["BulkRunId"] | null;
                    /** @description Such as `tag-customer`, `close-thread` or `assign-chef`. */
                    command: string;
                    /**
                     * @description What the command has beside the id, such as `{"tag": "vip"}`.
                     * @default {}
                     */
                    body?: {
                        [key: string]: unknown;
                    };
                    /** @description Whom it is for. One that comes twice counts once. */
                    ids: string[];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    stop_bulk_run: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    run_id: components["schemas"]["BulkRunId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    retry_bulk_run: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    run_id: components["schemas"]["BulkRunId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    define_journey: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description Such as `journey: reminder`, `version: 1`, `trigger: { event: BookingConfirmed }`, `exit: [ { event:
                     *     BookingCancelled } ]`, and `steps`, a list of `wait`, `send`, `command`, `branch`, `split`, `ask-ai`, `webhook` and
                     *     `tag`. At most 16,384 bytes.
                     */
                    definition: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    enable_journey: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The journey's name. */
                    journey: string;
                    /**
                     * Format: uint32
                     * @description The newest one unless given.
                     * @default null
                     */
                    version?: number | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    disable_journey: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The journey's name. */
                    journey: string;
                    /**
                     * @description Whoever is under way stops at the next step, which is not taken (`stop`), or goes on to the end (`finish`).
                     * @default stop
                     */
                    in_flight?: components["schemas"]["InFlight"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    start_journey: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The journey's name. */
                    journey: string;
                    customer_id: components["schemas"]["CustomerId"];
                    /**
                     * @description The customer's booking, for journeys that speak of one.
                     * @default null
                     */
                    booking_id?: components["schemas"]["BookingId"] | null;
                    /**
                     * Format: uint32
                     * @description Only with `dry_run`: the version to try out; the enabled one, or else the newest, unless given.
                     * @default null
                     */
                    version?: number | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    stop_journey_run: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    run_id: components["schemas"]["JourneyRunId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    add_chef: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The chef's name. At most 100 characters. */
                    name: components["schemas"]["Pii"];
                    /** @description Zones of the tenant's settings that the chef serves. */
                    zones: string[];
                    /**
                     * @description Working hours by day of the week, in the tenant's local time; a day that is not listed is free. A stretch that
                     *     ends at or before its start runs past midnight.
                     */
                    hours: components["schemas"]["WeeklyHours"];
                    /** @description The calendar that bookings are entered in. */
                    calendar_id?: components["schemas"]["Pii"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    update_chef: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    chef_id: components["schemas"]["ChefId"];
                    /** @description The chef's name. At most 100 characters. */
                    name?: components["schemas"]["Pii"] | null;
                    /**
                     * @description All zones that the chef serves from now on.
                     * @default null
                     */
                    zones?: string[] | null;
                    /**
                     * @description All working hours from now on.
                     * @default null
                     */
                    hours?: components["schemas"]["WeeklyHours"] | null;
                    /** @description `null` forgets the calendar. */
                    calendar_id?: components["schemas"]["Pii"] | null;
                    /**
                     * @description An inactive chef gets no new bookings.
                     * @default null
                     */
                    active?: boolean | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    set_chef_time_off: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    chef_id: components["schemas"]["ChefId"];
                    /** @description Ranges of days; both ends are off. */
                    days_off: components["schemas"]["DaysOff"][];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    receive_message: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    channel: components["schemas"]["Channel"];
                    /** @description Who writes: a number, an e-mail address, or the chat widget's name for its visitor. */
                    from: components["schemas"]["Pii"];
                    /** @description What they say, at most 100,000 characters; may be empty where something is attached. */
                    content: components["schemas"]["Pii"];
                    /** @description What an e-mail is about; the first 200 characters are kept. */
                    subject?: components["schemas"]["Pii"] | null;
                    /** @description At most 10 files. */
                    attachments?: components["schemas"]["Attachment"][];
                    /** @description Files that came along and are kept here, at most 10; whoever brings the message has kept them. */
                    files?: components["schemas"]["ReceivedFile"][];
                    /**
                     * @description Set where it is a call and not a text: what became of it. On the channel `phone` alone.
                     * @default null
                     */
                    call?: components["schemas"]["CallOutcome"] | null;
                    /** @description What the writer is called; it names a new lead. */
                    name?: components["schemas"]["Pii"] | null;
                    /** @description How a visitor of the chat can be reached. Whose it is already becomes a candidate; else the visitor becomes a lead. */
                    email?: components["schemas"]["Pii"] | null;
                    /** @description As `email`. */
                    phone?: components["schemas"]["Pii"] | null;
                    /**
                     * @description Which provider brought it, with `provider_message_id`.
                     * @default null
                     */
                    provider?: string | null;
                    /**
                     * @description The provider's own id of the message, at most 255 visible ASCII characters.
                     * @default null
                     */
                    provider_message_id?: string | null;
                    /**
                     * @description When it was written (RFC 3339), where that was before now.
                     * @default null
                     */
                    at?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    send_message: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description What to say; a canned reply or a template says it otherwise. At most 1,600 characters over SMS, 4,096 over WhatsApp, 20,000 else. */
                    content?: components["schemas"]["Pii"] | null;
                    /** @description Who speaks. */
                    sender_type: components["schemas"]["SendAs"];
                    /** @description Which of them: a person's or agent's id, or `ai_system` for the AI. At most 100 characters. */
                    sender_id: string;
                    /**
                     * @description Another channel than the thread's: the message goes to the customer's thread there.
                     * @default null
                     */
                    channel?: components["schemas"]["Channel"] | null;
                    /**
                     * @description `transactional` unless given.
                     * @default null
                     */
                    purpose?: components["schemas"]["Purpose"] | null;
                    /** @description At most 10 files. */
                    attachments?: components["schemas"]["Attachment"][];
                    /** @description What an e-mail is about, at most 200 characters; that of the thread unless given. */
                    subject?: components["schemas"]["Pii"] | null;
                    /** @description In the place of `content`. */
                    canned_reply?: components["schemas"]["CannedReplyInput"] | null;
                    /** @description In the place of `content`: a published template. */
                    template?: components["schemas"]["TemplateInput"] | null;
                    /**
                     * @description The newest message that the sender has seen. When there are newer ones, the command is refused with
                     *     `reply-collision`, which names them.
                     * @default null
                     */
                    after_message_id?: components["schemas"]["MessageId"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    start_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    /** @description `sms`, `whatsapp`, `phone` or `email`; the customer must have an address there. */
                    channel: components["schemas"]["Channel"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    move_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description Whose it is. */
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    merge_threads: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The one that stays. */
                    survivor_id: components["schemas"]["ConversationId"];
                    /** @description The one that goes. */
                    merged_id: components["schemas"]["ConversationId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    assign_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description Who: the id of a person or agent, at most 100 characters. */
                    assignee: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    unassign_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    snooze_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description When it comes back (RFC 3339), within a year. */
                    until: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    close_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    reopen_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    mark_thread_read: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    set_ai_mode: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    ai_mode: components["schemas"]["AiMode"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    add_thread_note: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description At most 4,000 characters. */
                    text: components["schemas"]["Pii"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    define_canned_reply: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description 1 to 64 lower-case letters, digits and inner dashes. */
                    name: string;
                    /** @description At most 4,000 characters. */
                    text: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    remove_canned_reply: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The name it was defined by. */
                    name: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    accept_suggestion: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description As the thread shows it. */
                    suggestion_id: components["schemas"]["MessageId"];
                    /** @description What to send instead; what was suggested when absent. */
                    content?: components["schemas"]["Pii"] | null;
                    /** @description Who speaks: `ai` unless given. */
                    sender_type?: components["schemas"]["SendAs"] | null;
                    /**
                     * @description Which of them: needed for `human`, at most 100 characters.
                     * @default null
                     */
                    sender_id?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    dismiss_suggestion: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description As the thread shows it. */
                    suggestion_id: components["schemas"]["MessageId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    hand_over_thread: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /**
                     * @description Who looks after it from now on, at most 100 characters; nobody in particular when absent.
                     * @default null
                     */
                    assignee?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    extract_facts: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    accept_fact: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description As the query `facts` shows it. */
                    fact_id: components["schemas"]["FactId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    reject_fact: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description As the query `facts` shows it. */
                    fact_id: components["schemas"]["FactId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    undo_facts: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    thread_id: components["schemas"]["ConversationId"];
                    /** @description As facts name it. */
                    extraction_id: components["schemas"]["MessageId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    create_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Where the booking comes from. */
                    source: components["schemas"]["Source"];
                    /** @description Who books. */
                    customer: components["schemas"]["CustomerInput"];
                    /** @description What is booked. */
                    booking: components["schemas"]["BookingInput"];
                    /**
                     * @description How the deposit is paid.
                     * @default stripe_checkout
                     */
                    payment_preference?: components["schemas"]["PaymentPreference"];
                    /**
                     * @description The conversation that the booking was made in.
                     * @default null
                     */
                    channel_thread_id?: string | null;
                    /**
                     * @description Anything that the caller wants to keep with the booking, at most 8 KiB; stored encrypted.
                     * @default {}
                     */
                    metadata?: {
                        [key: string]: unknown;
                    };
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    update_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                    /** @description Who comes instead. */
                    party?: components["schemas"]["PartyInput"] | null;
                    /**
                     * @description The whole menu from now on.
                     * @default null
                     */
                    menu?: components["schemas"]["MenuChoice"][] | null;
                    /** @description Where the party is instead, with its postcode. */
                    address?: components["schemas"]["Pii"] | null;
                    /**
                     * @description A zone of the tenant's; derived from a new address's postcode when absent.
                     * @default null
                     */
                    zone?: string | null;
                    /** @description The notes from now on; `null` removes them. */
                    notes?: components["schemas"]["Pii"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    confirm_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    reschedule_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                    /**
                     * Format: date
                     * @description `YYYY-MM-DD`, in the tenant's time zone.
                     */
                    date: string;
                    /** @description One of the tenant's slots, `HH:MM`. */
                    slot: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    assign_chef: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                    chef_id: components["schemas"]["ChefId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    cancel_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                    /** @description Why, for the record. At most 500 characters. */
                    reason: components["schemas"]["Pii"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    complete_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    mark_no_show: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    record_payment: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description In minor units (cents).
                     */
                    amount_minor: number;
                    /**
                     * @description ISO 4217; the tenant's when absent.
                     * @default null
                     */
                    currency?: string | null;
                    /**
                     * @description `cash`, `bank_transfer`, `check`, …; `cash` when absent.
                     * @default null
                     */
                    method?: string | null;
                    /**
                     * @description When it came, where that was before now (RFC 3339).
                     * @default null
                     */
                    received_at?: string | null;
                    /** @description The payer's words, at most 4,000 characters; stored encrypted. */
                    memo?: components["schemas"]["Pii"] | null;
                    /**
                     * @description The bank's or the receipt's own number; no two payments share one.
                     * @default null
                     */
                    reference?: string | null;
                    /**
                     * @description The booking that it is for.
                     * @default null
                     */
                    booking_id?: components["schemas"]["BookingId"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    mark_paid: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    booking_id: components["schemas"]["BookingId"];
                    /**
                     * Format: int64
                     * @description In minor units; all that is still to be paid when absent.
                     * @default null
                     */
                    amount_minor?: number | null;
                    /**
                     * @description `cash`, `bank_transfer`, `check`, …; `cash` when absent.
                     * @default null
                     */
                    method?: string | null;
                    /**
                     * @description The bank's or the receipt's own number; no two payments share one.
                     * @default null
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    link_payment_to_booking: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    payment_id: components["schemas"]["PaymentId"];
                    booking_id: components["schemas"]["BookingId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    unlink_payment: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    payment_id: components["schemas"]["PaymentId"];
                    /** @description Why, for the record. At most 500 characters. */
                    reason?: components["schemas"]["Pii"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    refund_payment: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    payment_id: components["schemas"]["PaymentId"];
                    /**
                     * Format: int64
                     * @description In minor units; all that is left when absent.
                     * @default null
                     */
                    amount_minor?: number | null;
                    /**
                     * @description A refund that a cancellation asked for, of money that came by hand: it has been given back now.
                     * @default null
                     */
                    refund_id?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    restrict_subject: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    lift_restriction: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    erase_subject: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    cancel_erasure: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    export_subject: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    hold_subject: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                    /** @description Why the law wants it kept. */
                    ground: components["schemas"]["HoldGround"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    release_subject: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    customer_id: components["schemas"]["CustomerId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    save_template_draft: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description 1 to 32 lower-case letters, digits and inner dashes. */
                    name: string;
                    channel: components["schemas"]["TemplateChannel"];
                    /**
                     * @description Such as `en` or `pt-BR`; the tenant's own unless given.
                     * @default null
                     */
                    language?: string | null;
                    /**
                     * @description What it speaks of, which decides what fills in by itself; fixed once it is saved.
                     * @default customer
                     */
                    about?: components["schemas"]["About"];
                    /**
                     * @description Of an e-mail, which must have one; one line, at most 200 characters.
                     * @default null
                     */
                    subject?: string | null;
                    /**
                     * @description With values in double braces, as in `Hello {{ first_name }}`, and conditions, as in `{% if hold_until %}…{% endif %}`.
                     *     At most 20,000 characters in an e-mail, 1,600 in an SMS, 4,096 over WhatsApp.
                     */
                    text: string;
                    /**
                     * @description Of an e-mail, at most 60,000 characters; made of the text unless given. What is filled in is escaped.
                     * @default null
                     */
                    html?: string | null;
                    /**
                     * @description What it uses beyond what fills in by itself, and what stands in for what may be missing; at most 20.
                     * @default []
                     */
                    variables?: components["schemas"]["Variable"][];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    discard_template_draft: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    template_id: components["schemas"]["TemplateId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    publish_template: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    template_id: components["schemas"]["TemplateId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    retire_template: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    template_id: components["schemas"]["TemplateId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    save_view: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * @description The view to change; none makes a new one.
                     * @default null
                     */
                    view_id?: components["schemas"]["ViewId"] | null;
                    /** @description The name of a query that answers a list, such as `inbox`. */
                    query: string;
                    /** @description At most 100 characters. Not the place for a customer's name. */
                    name: string;
                    /**
                     * @description Parameters of the query by name, without `sort`, `limit` and `cursor`.
                     * @default {}
                     */
                    filters?: {
                        [key: string]: unknown;
                    };
                    /**
                     * @description One of the query's orders.
                     * @default null
                     */
                    sort?: string | null;
                    /**
                     * @description Fields of the list's items in the order to show them, at most 50; none for the list's own.
                     * @default []
                     */
                    columns?: string[];
                    /**
                     * @description Whether everybody of the tenant has it; fixed once it is saved.
                     * @default false
                     */
                    shared?: boolean;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    rename_view: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    view_id: components["schemas"]["ViewId"];
                    /** @description At most 100 characters. */
                    name: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    delete_view: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    view_id: components["schemas"]["ViewId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    create_webhook_endpoint: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Where to send to: https, a public address, no user and no fragment. At most 2,000 bytes. */
                    url: string;
                    /** @description Names of events, such as `BookingCreated`, or `*` alone for all. */
                    event_types: string[];
                    /**
                     * @description What it is for. At most 200 characters.
                     * @default
                     */
                    description?: string;
                    /**
                     * @description `full`: all of an event but what is personal; `thin`: only whose event it is.
                     * @default full
                     */
                    payload?: components["schemas"]["PayloadStyle"];
                    /**
                     * @description `required`: nothing is sent before the address has answered `OPTIONS` with `WebHook-Allowed-Origin`.
                     * @default none
                     */
                    handshake?: components["schemas"]["Handshake"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    update_webhook_endpoint: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                    /**
                     * @description Where to send to: https, a public address, no user and no fragment. At most 2,000 bytes.
                     * @default null
                     */
                    url?: string | null;
                    /**
                     * @description All that it hears of from now on: names of events, or `*` alone.
                     * @default null
                     */
                    event_types?: string[] | null;
                    /**
                     * @description What it is for. At most 200 characters.
                     * @default null
                     */
                    description?: string | null;
                    /**
                     * @description How much of an event is sent.
                     * @default null
                     */
                    payload?: components["schemas"]["PayloadStyle"] | null;
                    /**
                     * @description Whether the address is asked before anything is sent to it.
                     * @default null
                     */
                    handshake?: components["schemas"]["Handshake"] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    enable_webhook_endpoint: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    disable_webhook_endpoint: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    rotate_webhook_secret: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    ping_webhook_endpoint: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    delete_webhook_endpoint: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    replay_webhooks: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                    /**
                     * Format: date-time
                     * @description From this time on (RFC 3339).
                     */
                    from: string;
                    /**
                     * Format: date-time
                     * @description Before this time; now unless given. At most 90 days after `from`.
                     * @default null
                     */
                    until?: string | null;
                    /**
                     * Format: uint32
                     * @description How fast to queue them: 1 to 200, 20 unless given.
                     * @default null
                     */
                    messages_per_second?: number | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    cancel_webhook_replay: {
        parameters: {
            query?: {
                /** @description Validate and decide, write nothing */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    endpoint_id: components["schemas"]["WebhookEndpointId"];
                    /** @description As `replay-webhooks` answered it. */
                    replay_id: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    agents: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description `rules` or `model`. */
                            engine: string;
                            model: string;
                            /** Format: int64 */
                            runs: number;
                            /** Format: int64 */
                            answered: number;
                            /** Format: int64 */
                            handed_over: number;
                            /**
                             * Format: int64
                             * @description Overtaken by a newer message or a person, or not allowed.
                             */
                            ended: number;
                            /**
                             * Format: int64
                             * @description Suggestions that were made.
                             */
                            suggested: number;
                            /** Format: int64 */
                            accepted: number;
                            /** Format: int64 */
                            edited: number;
                            /** Format: int64 */
                            dismissed: number;
                            /**
                             * Format: double
                             * @description Accepted as it was, over all that a person has settled, between 0 and 1; null before any was.
                             */
                            acceptance_rate?: number | null;
                            /**
                             * Format: double
                             * @description Handed over, over all that was answered or handed over; null before any was.
                             */
                            hand_over_rate?: number | null;
                            /** Format: int64 */
                            input_tokens: number;
                            /** Format: int64 */
                            output_tokens: number;
                            /**
                             * Format: int64
                             * @description In millionths of a US dollar.
                             */
                            cost_micros: number;
                            /**
                             * Format: int64
                             * @description Calls whose price is not known; they are not in `cost_micros`.
                             */
                            unpriced_calls: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    ai_usage: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
                by?: components["schemas"]["UsageBy"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description Null unless summed up by day. */
                            date?: string | null;
                            /** @description Null unless summed up by model. */
                            model?: string | null;
                            /** @description Null unless summed up by customer, and for who is not known yet. */
                            customer_id?: string | null;
                            /** Format: int64 */
                            runs: number;
                            /** Format: int64 */
                            calls: number;
                            /** Format: int64 */
                            failed_calls: number;
                            /** Format: int64 */
                            input_tokens: number;
                            /** Format: int64 */
                            cached_input_tokens: number;
                            /** Format: int64 */
                            output_tokens: number;
                            /**
                             * Format: int64
                             * @description In millionths of a US dollar.
                             */
                            cost_micros: number;
                            /** Format: int64 */
                            unpriced_calls: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    approval: {
        parameters: {
            query: {
                id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** ApprovalItem */
                        item: {
                            approval_id: string;
                            standing: components["schemas"]["Standing"];
                            /** @description The command that was asked for. */
                            command: string;
                            /** @description Its class of risk. */
                            risk: string;
                            /** @description Why a person is asked: `policy`, `untrusted-text` or `foreign-link`. */
                            why: string[];
                            /** @description The principal who asked. */
                            proposer: string;
                            /** @description The command's body, exactly; null without the permission to read personal data. */
                            arguments?: unknown;
                            expires_at: string;
                            /**
                             * Format: uint8
                             * @description How many different people have to agree.
                             */
                            approvers: number;
                            /** @description Who has agreed while another person still has to. */
                            endorsed_by: string[];
                            /** @description Who agreed or refused in the end. */
                            decided_by?: string | null;
                            /** @description Null without the permission to read personal data. */
                            note?: string | null;
                            /** @description The command that was carried out under it. */
                            command_id?: string | null;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    approvals: {
        parameters: {
            query?: {
                standing?: components["schemas"]["StandingFilter"] | null;
                command?: string | null;
                proposer?: string | null;
                sort?: components["schemas"]["ApprovalSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            approval_id: string;
                            standing: components["schemas"]["Standing"];
                            /** @description The command that was asked for. */
                            command: string;
                            /** @description Its class of risk. */
                            risk: string;
                            /** @description Why a person is asked: `policy`, `untrusted-text` or `foreign-link`. */
                            why: string[];
                            /** @description The principal who asked. */
                            proposer: string;
                            /** @description The command's body, exactly; null without the permission to read personal data. */
                            arguments?: unknown;
                            expires_at: string;
                            /**
                             * Format: uint8
                             * @description How many different people have to agree.
                             */
                            approvers: number;
                            /** @description Who has agreed while another person still has to. */
                            endorsed_by: string[];
                            /** @description Who agreed or refused in the end. */
                            decided_by?: string | null;
                            /** @description Null without the permission to read personal data. */
                            note?: string | null;
                            /** @description The command that was carried out under it. */
                            command_id?: string | null;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    assistant_budget: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            budget: components["schemas"]["Budget"];
                            /** Format: uint64 */
                            used: number;
                            /**
                             * Format: uint64
                             * @description Null where there is no limit.
                             */
                            allowed?: number | null;
                            is_used_up: boolean;
                            /** @description When the next day begins, by the tenant's calendar. */
                            again_at: string;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    assistant_runs: {
        parameters: {
            query?: {
                thread_id?: string | null;
                standing?: components["schemas"]["RunStanding"] | null;
                sort?: components["schemas"]["RunSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description That of the customer's message. */
                            run_id: string;
                            thread_id: string;
                            customer_id?: string | null;
                            ai_mode: components["schemas"]["AiMode"];
                            engine: components["schemas"]["Engine"];
                            standing: components["schemas"]["RunStanding"];
                            /** @description What it said or suggests; null without the permission to read personal data. */
                            content?: string | null;
                            /** @description Why it says that. */
                            reasons: string[];
                            /** @description What it looked up and did. */
                            tools: components["schemas"]["ToolItem"][];
                            /** @description Commands that make it true, `[{"command", "body"}]`; null without the permission to read personal data. */
                            actions?: unknown;
                            /** @description Why a person had better answer. */
                            needs_person?: components["schemas"]["HandOverReason"] | null;
                            hand_over?: components["schemas"]["HandOverReason"] | null;
                            /** @description Why nothing came of it. */
                            ended_by?: string | null;
                            /** @description The message that came of it. */
                            message_id?: string | null;
                            /** Format: uint32 */
                            calls: number;
                            /** Format: uint32 */
                            failed_calls: number;
                            /** Format: uint64 */
                            input_tokens: number;
                            /** Format: uint64 */
                            output_tokens: number;
                            /**
                             * Format: uint64
                             * @description In millionths of a US dollar.
                             */
                            cost_micros: number;
                            /** Format: uint64 */
                            latency_ms: number;
                            started_at: string;
                            finished_at?: string | null;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    audit: {
        parameters: {
            query?: {
                actor?: string | null;
                subject?: string | null;
                customer_id?: string | null;
                command?: string | null;
                result?: components["schemas"]["AuditResult"] | null;
                from?: string | null;
                until?: string | null;
                sort?: components["schemas"]["AuditSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description Of its first event in the log; `/operations/audit/proofs/{position}` proves it. */
                            position: string;
                            actor: string;
                            /** @description The command, query or act by its name; for what is older, the event's type. */
                            action: string;
                            /** @description The aggregate's type, `query` for reads, `access` for refusals. */
                            subject_type: string;
                            subject_id: string;
                            /** @description `done`, `begun`, `failed`, `refused`, `read` or `lost`. */
                            result: string;
                            /** @description A refusal's code, what an act was done to, or how something was read. */
                            detail?: string | null;
                            /**
                             * Format: int64
                             * @description How often, where several that are alike came within a second.
                             */
                            times: number;
                            command_id: string;
                            recorded_at: string;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    audited_reads: {
        parameters: {
            query?: {
                customer_id?: string | null;
                sort?: components["schemas"]["ReadSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** Format: int64 */
                            read_id: number;
                            /** @description Who asked. */
                            principal: string;
                            query: string;
                            /** @description Whose data it was, where the query names somebody. */
                            customer_id?: string | null;
                            read_at: string;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    availability: {
        parameters: {
            query: {
                date: string;
                zone?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            date: string;
                            slot: string;
                            starts_at: string;
                            ends_at: string;
                            /** @description The zone asked for, or null. */
                            zone?: string | null;
                            /** Format: uint */
                            free_chefs: number;
                            chefs: components["schemas"]["FreeChef"][];
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    booking: {
        parameters: {
            query: {
                id: string;
                as_of?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** BookingItem */
                        item: {
                            booking_id: string;
                            customer_id: string;
                            customer_name: string;
                            status: components["schemas"]["Status"];
                            date: string;
                            /** @description A time of day in the tenant's zone (HH:MM). */
                            slot: string;
                            starts_at: string;
                            ends_at: string;
                            zone: string;
                            /** @description Null without the permission to read personal data. */
                            address?: string | null;
                            party: components["schemas"]["PartyItem"];
                            /** Format: uint32 */
                            guests: number;
                            menu: components["schemas"]["MenuLine"][];
                            /** @description Null without the permission to read personal data. */
                            notes?: string | null;
                            /** @description Null until a chef is assigned, although one is held from the start. */
                            chef?: components["schemas"]["ChefOfBooking"] | null;
                            /** @description How the total comes about. */
                            price: components["schemas"]["PriceLineItem"][];
                            total: components["schemas"]["Money"];
                            deposit: components["schemas"]["Money"];
                            /** @description Received and not given back. */
                            paid: components["schemas"]["Money"];
                            /** @description Still to be paid of the total. */
                            balance: components["schemas"]["Money"];
                            payment_preference: components["schemas"]["PaymentPreference"];
                            /** @description The payment page that can be paid on now; null while the outbox has none yet, and once it is closed. */
                            stripe_checkout_url?: string | null;
                            hold_until?: string | null;
                            payments: components["schemas"]["PaymentOfBooking"][];
                            /**
                             * Format: uint8
                             * @description What the policy gave back at cancellation, in percent.
                             */
                            refund_percent?: number | null;
                            /** @description Null without the permission to read personal data. */
                            cancellation_reason?: string | null;
                            /** @description A person should look: money came too late. */
                            flagged: boolean;
                            source: components["schemas"]["Source"];
                            channel_thread_id?: string | null;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    bookings: {
        parameters: {
            query?: {
                status?: components["schemas"]["Status"] | null;
                customer_id?: string | null;
                chef_id?: string | null;
                zone?: string | null;
                source?: components["schemas"]["Source"] | null;
                flagged?: boolean | null;
                date?: string | null;
                date_from?: string | null;
                date_to?: string | null;
                slot?: string | null;
                sort?: components["schemas"]["BookingSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            booking_id: string;
                            customer_id: string;
                            customer_name: string;
                            status: components["schemas"]["Status"];
                            date: string;
                            /** @description A time of day in the tenant's zone (HH:MM). */
                            slot: string;
                            starts_at: string;
                            ends_at: string;
                            zone: string;
                            /** @description Null without the permission to read personal data. */
                            address?: string | null;
                            party: components["schemas"]["PartyItem"];
                            /** Format: uint32 */
                            guests: number;
                            menu: components["schemas"]["MenuLine"][];
                            /** @description Null without the permission to read personal data. */
                            notes?: string | null;
                            /** @description Null until a chef is assigned, although one is held from the start. */
                            chef?: components["schemas"]["ChefOfBooking"] | null;
                            /** @description How the total comes about. */
                            price: components["schemas"]["PriceLineItem"][];
                            total: components["schemas"]["Money"];
                            deposit: components["schemas"]["Money"];
                            /** @description Received and not given back. */
                            paid: components["schemas"]["Money"];
                            /** @description Still to be paid of the total. */
                            balance: components["schemas"]["Money"];
                            payment_preference: components["schemas"]["PaymentPreference"];
                            /** @description The payment page that can be paid on now; null while the outbox has none yet, and once it is closed. */
                            stripe_checkout_url?: string | null;
                            hold_until?: string | null;
                            payments: components["schemas"]["PaymentOfBooking"][];
                            /**
                             * Format: uint8
                             * @description What the policy gave back at cancellation, in percent.
                             */
                            refund_percent?: number | null;
                            /** @description Null without the permission to read personal data. */
                            cancellation_reason?: string | null;
                            /** @description A person should look: money came too late. */
                            flagged: boolean;
                            source: components["schemas"]["Source"];
                            channel_thread_id?: string | null;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    bulk_run: {
        parameters: {
            query: {
                id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** RunDetail */
                        item: {
                            run_id: string;
                            /** @description Such as `tag-customer`. */
                            command: string;
                            /** @description What the command has beside the id. */
                            body: {
                                [key: string]: unknown;
                            };
                            standing: components["schemas"]["BulkStanding"];
                            /** Format: uint */
                            total: number;
                            /** Format: uint */
                            done: number;
                            /**
                             * Format: uint
                             * @description All was as asked already.
                             */
                            skipped: number;
                            /** Format: uint */
                            failed: number;
                            /**
                             * Format: uint
                             * @description Not seen to yet.
                             */
                            remaining: number;
                            /** @description The principal who began it. */
                            started_by: string;
                            started_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description Of its newest event, for `If-Match`.
                             */
                            sequence: number;
                            /** @description How many failed for each reason. */
                            reasons: components["schemas"]["Reason"][];
                            /** @description The first 200 that failed. */
                            failures: components["schemas"]["FailedRecord"][];
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    bulk_runs: {
        parameters: {
            query?: {
                standing?: components["schemas"]["BulkStanding"] | null;
                sort?: components["schemas"]["RunSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            run_id: string;
                            /** @description Such as `tag-customer`. */
                            command: string;
                            /** @description What the command has beside the id. */
                            body: {
                                [key: string]: unknown;
                            };
                            standing: components["schemas"]["BulkStanding"];
                            /** Format: uint */
                            total: number;
                            /** Format: uint */
                            done: number;
                            /**
                             * Format: uint
                             * @description All was as asked already.
                             */
                            skipped: number;
                            /** Format: uint */
                            failed: number;
                            /**
                             * Format: uint
                             * @description Not seen to yet.
                             */
                            remaining: number;
                            /** @description The principal who began it. */
                            started_by: string;
                            started_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description Of its newest event, for `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    chefs: {
        parameters: {
            query?: {
                zone?: string | null;
                active?: boolean | null;
                chef_id?: string | null;
                sort?: components["schemas"]["ChefSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            chef_id: string;
                            name: string;
                            zones: string[];
                            active: boolean;
                            weekly_hours: components["schemas"]["WeeklyHours"];
                            days_off: components["schemas"]["DateRangeItem"][];
                            /** @description Null without the permission to read personal data. */
                            calendar_id?: string | null;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    conversation_stats: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
                channel?: components["schemas"]["Channel"] | null;
                by?: components["schemas"]["Grouping"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description The day, channel or type of sender; `total` for all of it. Threads are closed by nobody in particular: `none`. */
                            group: string;
                            /** @description Until the first answer since a thread was opened, or opened again. */
                            first_response: components["schemas"]["Waits"];
                            /** @description Until any answer, the first included. */
                            response: components["schemas"]["Waits"];
                            /** @description From the customer's first message until the thread was closed. */
                            resolution: components["schemas"]["Waits"];
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    customer_360: {
        parameters: {
            query: {
                id: string;
                as_of?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Customer360Item */
                        item: {
                            customer_id: string;
                            profile: components["schemas"]["CustomerItem"];
                            /** @description Customers that were merged into this one. */
                            merged: string[];
                            /** @description How each channel and purpose stands, and why. */
                            consents: components["schemas"]["ConsentProof"][];
                            tags: string[];
                            notes: components["schemas"]["NoteItem"][];
                            /** @description Null without the permission to read bookings. */
                            bookings?: components["schemas"]["BookingItem"][] | null;
                            /** @description Null without the permission to read conversations. */
                            conversations?: components["schemas"]["InboxItem"][] | null;
                            /**
                             * @description What was read in the conversations, as far as it counts or waits for a person; null without the permission to read
                             *     conversations.
                             */
                            facts?: components["schemas"]["FactItem"][] | null;
                            /** @description Runs of journeys, the newest first. */
                            journeys: components["schemas"]["RunItem"][];
                            /** @description Null without the permission to read payments. */
                            payments?: components["schemas"]["PaymentItem"][] | null;
                            /** @description Paid and not given back, by currency; null without the permission to read payments. */
                            lifetime_value?: components["schemas"]["Money"][] | null;
                            timeline: components["schemas"]["TimelineItem"][];
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    customers: {
        parameters: {
            query?: {
                ids?: string | null;
                search?: string | null;
                email?: string | null;
                phone?: string | null;
                tag?: string | null;
                source?: components["schemas"]["Source"] | null;
                possible_duplicate?: boolean | null;
                status?: components["schemas"]["CustomerStatus"];
                sort?: components["schemas"]["CustomerSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            customer_id: string;
                            name: string;
                            first_name: string;
                            last_name: string;
                            /** @description Null without the permission to read personal data. */
                            email?: string | null;
                            /** @description E.164; null without the permission to read personal data. */
                            phone?: string | null;
                            /** @description Null without the permission to read personal data. */
                            address?: string | null;
                            time_zone: string;
                            source: components["schemas"]["Source"];
                            /** @description `living`, `archived`, `merged` or `erased`. */
                            status: string;
                            /** @description Where a merged customer lives on. */
                            merged_into?: string | null;
                            /** @description Another customer has the same phone. */
                            possible_duplicate: boolean;
                            tags: string[];
                            consents: components["schemas"]["ConsentItem"][];
                            /** @description The data rests: the name is a stand-in, and nothing personal is shown. */
                            restricted: boolean;
                            /** @description When the data will be erased, if it will. */
                            erase_at?: string | null;
                            /** @description Why the law wants the data kept, if so. */
                            hold?: components["schemas"]["HoldGround"] | null;
                            /** @description Channels by which nothing reaches the customer: a message came back for good. */
                            unreachable: components["schemas"]["UnreachableItem"][];
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    dashboard: {
        parameters: {
            query?: {
                from?: string | null;
                to?: string | null;
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            date: string;
                            /** Format: int64 */
                            leads: number;
                            /** Format: int64 */
                            bookings_created: number;
                            /** Format: int64 */
                            bookings_confirmed: number;
                            /** Format: int64 */
                            bookings_cancelled: number;
                            /** Format: int64 */
                            bookings_expired: number;
                            /** Format: int64 */
                            bookings_completed: number;
                            /** Format: int64 */
                            bookings_no_show: number;
                            /**
                             * Format: int64
                             * @description Guests of the bookings created on this day.
                             */
                            guests: number;
                            /**
                             * Format: int64
                             * @description Of the bookings created on this day, those confirmed since.
                             */
                            bookings_converted: number;
                            /**
                             * Format: double
                             * @description `bookings_converted` over `bookings_created`, between 0 and 1; null on a day without bookings.
                             */
                            conversion?: number | null;
                            /** @description The tenant's currency; the amounts beside it are in its minor units. */
                            currency: string;
                            /**
                             * Format: int64
                             * @description Totals of the bookings created on this day.
                             */
                            booked_minor: number;
                            /** Format: int64 */
                            received_minor: number;
                            /** Format: int64 */
                            refunded_minor: number;
                            /**
                             * Format: int64
                             * @description Received less refunded.
                             */
                            revenue_minor: number;
                            /** @description Money in other currencies, if there was any. */
                            other_currencies: components["schemas"]["RevenueItem"][];
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    facts: {
        parameters: {
            query?: {
                thread_id?: string | null;
                customer_id?: string | null;
                standing?: components["schemas"]["FactStanding"] | null;
                field?: components["schemas"]["FactField"] | null;
                current?: boolean | null;
                sort?: components["schemas"]["FactSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            fact_id: string;
                            extraction_id: string;
                            thread_id: string;
                            customer_id?: string | null;
                            field: components["schemas"]["FactField"];
                            /**
                             * @description By the field: text, or `{adults, kids}`, `{first, last}`, `{amount_minor, currency}`; null without the permission to
                             *     read personal data.
                             */
                            value?: unknown;
                            /** @description The customer's own words; null without the permission to read personal data. */
                            quote?: string | null;
                            /** @description Where those words stand. */
                            message_id: string;
                            evidence: components["schemas"]["Evidence"];
                            /**
                             * Format: double
                             * @description Between 0 and 1.
                             */
                            confidence: number;
                            standing: components["schemas"]["FactStanding"];
                            /** @description Whether it is what counts for its field in this conversation. */
                            current: boolean;
                            /** @description Who has read it. */
                            engine: components["schemas"]["Engine"];
                            /** @description Who accepted or rejected it. */
                            decided_by?: string | null;
                            found_at: string;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    import_preview: {
        parameters: {
            query: {
                id: string;
                mapping?: string | null;
                verdict?: components["schemas"]["import-preview.Verdict"] | null;
                after?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** PreviewItem */
                        item: {
                            import_id: string;
                            columns: string[];
                            /** @description What each column is taken for. */
                            mapping: (components["schemas"]["Field"] | null)[];
                            counts: components["schemas"]["VerdictCounts"];
                            /** @description At most 100. */
                            rows: components["schemas"]["PreviewRow"][];
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    import_rows: {
        parameters: {
            query: {
                import_id: string;
                standing?: components["schemas"]["RowStanding"] | null;
                sort?: components["schemas"]["RowSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /**
                             * Format: int64
                             * @description 1 for the first; the header is not counted.
                             */
                            row: number;
                            /** @description `waiting`, `created`, `updated`, `unchanged`, `skipped`, `failed`, `undone` or `kept`. */
                            standing: string;
                            /** @description Why, where it failed or was kept. */
                            code?: string | null;
                            /** @description The same in words; null without the permission to read personal data. */
                            detail?: string | null;
                            customer_id?: string | null;
                            /** @description What stands in the row; null without the permission to read personal data, and once it is gone. */
                            cells?: string[] | null;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    imports: {
        parameters: {
            query?: {
                import_id?: string | null;
                standing?: components["schemas"]["ImportStanding"] | null;
                sort?: components["schemas"]["ImportSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            import_id: string;
                            standing: components["schemas"]["ImportStanding"];
                            format: components["schemas"]["Format"];
                            /** @description What the bytes were found to be, such as `UTF-8` or `windows-1252`. */
                            encoding: string;
                            /** Format: uint64 */
                            size_bytes: number;
                            /** Format: uint32 */
                            rows: number;
                            /** @description How the rows stand, all together. */
                            counts: components["schemas"]["Counts"];
                            /** @description Null without the permission to read personal data, and once the rows are gone. */
                            file_name?: string | null;
                            on_duplicate?: components["schemas"]["OnDuplicate"] | null;
                            /** @description Tags that everybody in it gets. */
                            tags: string[];
                            /** @description The principal who uploaded it. */
                            by: string;
                            /** @description The rows are gone; it can neither be run nor undone any more. */
                            purged: boolean;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    inbox: {
        parameters: {
            query?: {
                thread_id?: string | null;
                customer_id?: string | null;
                customer_name?: string | null;
                channel?: components["schemas"]["Channel"] | null;
                status?: components["schemas"]["ThreadStatus"] | null;
                assigned_agent_id?: string | null;
                unassigned?: boolean | null;
                ai_mode?: components["schemas"]["AiMode"] | null;
                unread?: boolean | null;
                unread_count?: number | null;
                message_count?: number | null;
                last_message_from?: string | null;
                last_message_to?: string | null;
                unknown_customer?: boolean | null;
                search?: string | null;
                sort?: components["schemas"]["InboxSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            thread_id: string;
                            /** @description Null while nobody knows whose address it is. */
                            customer_id?: string | null;
                            /** @description Empty for somebody who has not said their name. */
                            customer_name: string;
                            /** @description The number or e-mail address that answers go to; null without the permission to read personal data. */
                            address?: string | null;
                            /** @description `sms`, `whatsapp`, `phone`, `email` or `web_chat`. */
                            channel: string;
                            /** @description `open`, `pending`, `snoozed` or `closed`. */
                            status: string;
                            assigned_agent_id?: string | null;
                            /** @description `auto`, `suggest` or `off`. */
                            ai_mode: string;
                            /** @description Null while there is no message. */
                            last_message_at?: string | null;
                            /** @description Its first 500 characters; null without the permission to read personal data. */
                            last_message?: string | null;
                            /** @description `in` or `out`. */
                            last_direction?: string | null;
                            /** Format: int64 */
                            unread_count: number;
                            /** Format: int64 */
                            message_count: number;
                            /** @description What an e-mail is about; null without the permission to read personal data. */
                            subject?: string | null;
                            snoozed_until?: string | null;
                            /** @description STOP holds: nothing but the answer to it goes out. */
                            opted_out: boolean;
                            /**
                             * Format: int64
                             * @description How many customers share the address; move the thread to the one who writes.
                             */
                            candidate_count: number;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    journey: {
        parameters: {
            query: {
                id: string;
                as_of?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** JourneyItem */
                        item: {
                            /** @description Its name, which is its id. */
                            journey: string;
                            standing: components["schemas"]["JourneyStanding"];
                            /**
                             * Format: uint32
                             * @description The newest version.
                             */
                            version: number;
                            /**
                             * Format: uint32
                             * @description The version that new runs begin with; null while none do.
                             */
                            enabled_version?: number | null;
                            /** @description The event that begins a run of the enabled version, or of the newest. */
                            trigger: string;
                            /**
                             * Format: int64
                             * @description Runs under way.
                             */
                            open_runs: number;
                            /** Format: int64 */
                            finished_runs: number;
                            /**
                             * Format: int64
                             * @description Runs that ended before the last step.
                             */
                            exited_runs: number;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                            /** @description The newest first. */
                            versions: components["schemas"]["VersionItem"][];
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    journey_runs: {
        parameters: {
            query?: {
                run_id?: string | null;
                journey?: string | null;
                customer_id?: string | null;
                booking_id?: string | null;
                standing?: components["schemas"]["journey-runs.RunStanding"] | null;
                sort?: components["schemas"]["journey-runs.RunSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            run_id: string;
                            journey: string;
                            /**
                             * Format: uint32
                             * @description The version that it goes through to the end.
                             */
                            version: number;
                            customer_id: string;
                            booking_id?: string | null;
                            /** @description What began it; null where a person did. */
                            trigger?: components["schemas"]["Happened"] | null;
                            standing: components["schemas"]["journey-runs.RunStanding"];
                            /** @description The step that is next, or that it waits at. */
                            step?: string | null;
                            /** @description When it goes on at the latest, while it waits. */
                            wakes_at?: string | null;
                            /** @description The event that it waits for, if it does. */
                            waits_for?: string | null;
                            /** @description Steps that were taken, in order. */
                            steps: components["schemas"]["Taken"][];
                            /** @description Why it is over. */
                            ended?: components["schemas"]["EndCause"] | null;
                            began_at: string;
                            updated_at: string;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    journeys: {
        parameters: {
            query?: {
                standing?: components["schemas"]["JourneyStanding"] | null;
                sort?: components["schemas"]["JourneySort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description Its name, which is its id. */
                            journey: string;
                            standing: components["schemas"]["JourneyStanding"];
                            /**
                             * Format: uint32
                             * @description The newest version.
                             */
                            version: number;
                            /**
                             * Format: uint32
                             * @description The version that new runs begin with; null while none do.
                             */
                            enabled_version?: number | null;
                            /** @description The event that begins a run of the enabled version, or of the newest. */
                            trigger: string;
                            /**
                             * Format: int64
                             * @description Runs under way.
                             */
                            open_runs: number;
                            /** Format: int64 */
                            finished_runs: number;
                            /**
                             * Format: int64
                             * @description Runs that ended before the last step.
                             */
                            exited_runs: number;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    payments_feed: {
        parameters: {
            query?: {
                status?: components["schemas"]["PaymentStatus"] | null;
                provider?: string | null;
                booking_id?: string | null;
                customer_id?: string | null;
                flagged?: boolean | null;
                payment_id?: string | null;
                sort?: components["schemas"]["PaymentSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            payment_id: string;
                            provider: string;
                            /** @description The provider's own id. */
                            provider_id: string;
                            method: string;
                            status: components["schemas"]["PaymentStatus"];
                            amount: components["schemas"]["Money"];
                            /** @description What of it went back. */
                            refunded: components["schemas"]["Money"];
                            /** @description What can still be given back, refunds under way taken off. */
                            refundable: components["schemas"]["Money"];
                            /** @description Null without the permission to read personal data. */
                            memo?: string | null;
                            booking_id?: string | null;
                            customer_id?: string | null;
                            customer_name?: string | null;
                            /** @description Why it is matched: `checkout`, `linked_by_hand` or `marked_paid`. */
                            match_reason?: string | null;
                            /**
                             * @description Open bookings that it may belong to, the best three first; none once it is matched or has gone back, nor without
                             *     the permission to read bookings.
                             */
                            suggestions: components["schemas"]["payments-feed.Suggestion"][];
                            /** @description Why a person should look. */
                            flags: string[];
                            refunds: components["schemas"]["RefundItem"][];
                            received_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    schedule_board: {
        parameters: {
            query: {
                from: string;
                to?: string | null;
                zone?: string | null;
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            chef_id: string;
                            name: string;
                            zones: string[];
                            active: boolean;
                            days: components["schemas"]["DayItem"][];
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    subject_export: {
        parameters: {
            query: {
                id: string;
                format?: components["schemas"]["ExportFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** ExportItem */
                        item: {
                            customer_id: string;
                            export_id: string;
                            /** @description Every stream with its events, the rows of imported files, and the proof. */
                            document: unknown;
                            /** @description The same as a page, when asked for. */
                            html?: string | null;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    template: {
        parameters: {
            query: {
                id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** TemplateItem */
                        item: {
                            template_id: string;
                            name: string;
                            channel: components["schemas"]["TemplateChannel"];
                            language: string;
                            about: components["schemas"]["About"];
                            standing: components["schemas"]["TemplateStanding"];
                            /**
                             * Format: uint32
                             * @description Of the newest version; null before the first.
                             */
                            version?: number | null;
                            digest?: string | null;
                            /** @description Whether there is a draft that is not published. */
                            has_draft: boolean;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                            draft?: components["schemas"]["Content"] | null;
                            /** @description The newest first; the first is sent while the template is published. */
                            versions: components["schemas"]["template.VersionItem"][];
                            /** @description What fills in by itself. */
                            known: components["schemas"]["KnownItem"][];
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    template_letters: {
        parameters: {
            query?: {
                name?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            name: string;
                            /** @description What makes it go. */
                            when: string;
                            channels: components["schemas"]["TemplateChannel"][];
                            about: components["schemas"]["About"];
                            /** @description Our words, to begin a template with; empty where the channel has no subject. */
                            subject: string;
                            text: string;
                            /** @description What fills in by itself. */
                            known: components["schemas"]["KnownItem"][];
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    template_preview: {
        parameters: {
            query: {
                id: string;
                which?: components["schemas"]["Which"] | null;
                booking_id?: string | null;
                customer_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /**
                         * PreviewItem
                         * @description What would be sent.
                         */
                        item: {
                            template_id: string;
                            /**
                             * Format: uint32
                             * @description Null for the draft.
                             */
                            version?: number | null;
                            /** @description Of an e-mail. */
                            subject?: string | null;
                            text: string;
                            /** @description Of an e-mail, in its frame. */
                            html?: string | null;
                            /** @description How an SMS is cut, and so billed. */
                            segments?: components["schemas"]["Segments"] | null;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    templates: {
        parameters: {
            query?: {
                name?: string | null;
                channel?: components["schemas"]["TemplateChannel"] | null;
                language?: string | null;
                standing?: components["schemas"]["TemplateStanding"] | null;
                sort?: components["schemas"]["TemplateSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            template_id: string;
                            name: string;
                            channel: components["schemas"]["TemplateChannel"];
                            language: string;
                            about: components["schemas"]["About"];
                            standing: components["schemas"]["TemplateStanding"];
                            /**
                             * Format: uint32
                             * @description Of the newest version; null before the first.
                             */
                            version?: number | null;
                            digest?: string | null;
                            /** @description Whether there is a draft that is not published. */
                            has_draft: boolean;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    tenant: {
        parameters: {
            query?: {
                as_of?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** TenantItem */
                        item: {
                            tenant_id: string;
                            slug: string;
                            name: string;
                            modules: components["schemas"]["Module"][];
                            settings: {
                                [key: string]: unknown;
                            };
                            /** @description Null until the first price book: nothing can be booked before. */
                            price_book?: components["schemas"]["PriceBook"] | null;
                            providers: {
                                [key: string]: components["schemas"]["ProviderItem"];
                            };
                            /** @description By name; those that were removed are left out. */
                            canned_replies: {
                                [key: string]: components["schemas"]["CannedReplyItem"];
                            };
                            /** @description When all of it will be deleted; null unless that has been asked for. */
                            deletion_due_at?: string | null;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    thread: {
        parameters: {
            query: {
                id: string;
                limit?: number | null;
                before?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** ThreadItem */
                        item: {
                            thread_id: string;
                            /** @description Null while nobody knows whose address it is. */
                            customer_id?: string | null;
                            /** @description Empty for somebody who has not said their name. */
                            customer_name: string;
                            /** @description The number or e-mail address that answers go to; null without the permission to read personal data. */
                            address?: string | null;
                            /** @description `sms`, `whatsapp`, `phone`, `email` or `web_chat`. */
                            channel: string;
                            /** @description `open`, `pending`, `snoozed` or `closed`. */
                            status: string;
                            assigned_agent_id?: string | null;
                            /** @description `auto`, `suggest` or `off`. */
                            ai_mode: string;
                            /** @description Null while there is no message. */
                            last_message_at?: string | null;
                            /** @description Its first 500 characters; null without the permission to read personal data. */
                            last_message?: string | null;
                            /** @description `in` or `out`. */
                            last_direction?: string | null;
                            /** Format: int64 */
                            unread_count: number;
                            /** Format: int64 */
                            message_count: number;
                            /** @description What an e-mail is about; null without the permission to read personal data. */
                            subject?: string | null;
                            snoozed_until?: string | null;
                            /** @description STOP holds: nothing but the answer to it goes out. */
                            opted_out: boolean;
                            /**
                             * Format: int64
                             * @description How many customers share the address; move the thread to the one who writes.
                             */
                            candidate_count: number;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                            /** @description Whose address it may be; in a chat, whom its visitor says to be, which nobody has checked. `move-thread` settles it. */
                            candidates: components["schemas"]["Candidate"][];
                            /** @description Threads that were merged into this one. */
                            merged: string[];
                            /** @description Since when the customer has waited for an answer. */
                            waiting_since?: string | null;
                            /** @description Why the assistant left the thread to a person; null once one has answered, or when it did not. */
                            handed_over?: components["schemas"]["HandOverReason"] | null;
                            /** @description The reply that the assistant suggests to the newest message; null when none waits. */
                            suggestion?: components["schemas"]["thread.RunItem"] | null;
                            /** @description Messages and notes, the newest last. */
                            messages: components["schemas"]["MessageItem"][];
                            /** @description For `before`; null when there are none older. */
                            older?: string | null;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    views: {
        parameters: {
            query?: {
                query?: string | null;
                view_id?: string | null;
                shared?: boolean | null;
                sort?: components["schemas"]["ViewSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            view_id: string;
                            /** @description The query that it is a view of. */
                            query: string;
                            name: string;
                            /** @description Whether everybody of the tenant has it. */
                            shared: boolean;
                            /** @description Parameters of the query by name. */
                            filters: {
                                [key: string]: unknown;
                            };
                            sort?: string | null;
                            /** @description Fields in the order to show them; none for the list's own. */
                            columns: string[];
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    webhook_deliveries: {
        parameters: {
            query?: {
                endpoint_id?: string | null;
                webhook_id?: string | null;
                event_type?: string | null;
                outcome?: components["schemas"]["Outcome"] | null;
                sort?: components["schemas"]["DeliverySort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            delivery_id: string;
                            endpoint_id: string;
                            /** @description The receiver's id for it, the same for every attempt. */
                            webhook_id: string;
                            /** @description The outbox's message. */
                            message_id: string;
                            event_type: string;
                            /** @description Whose event it is: aggregate type and id. */
                            subject: string;
                            /**
                             * Format: int32
                             * @description 1 for the first.
                             */
                            attempt: number;
                            outcome: components["schemas"]["Outcome"];
                            /**
                             * Format: int32
                             * @description The answer's HTTP status; null when there was none.
                             */
                            status?: number | null;
                            /** Format: int64 */
                            latency_ms: number;
                            /** @description `not_sent`, `transient`, `refused` or `unknown`; null when it was accepted. */
                            failure_kind?: string | null;
                            /** @description Why it failed. */
                            error?: string | null;
                            attempted_at: string;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    webhook_endpoints: {
        parameters: {
            query?: {
                endpoint_id?: string | null;
                standing?: components["schemas"]["webhook-endpoints.StandingFilter"] | null;
                sort?: components["schemas"]["EndpointSort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            endpoint_id: string;
                            url: string;
                            event_types: string[];
                            description: string;
                            payload: components["schemas"]["PayloadStyle"];
                            /** @description Whether the address has to allow us before anything is sent to it. */
                            handshake: components["schemas"]["Handshake"];
                            standing: components["schemas"]["EndpointStanding"];
                            /** @description Why it is disabled, if it is. */
                            disabled_reason?: components["schemas"]["DisabledReason"] | null;
                            /** @description Until when two secrets sign; null when only one does. */
                            previous_secret_until?: string | null;
                            /** @description Since when every attempt has failed; null when the newest did not. */
                            failing_since?: string | null;
                            /**
                             * Format: int64
                             * @description Attempts that have failed since then.
                             */
                            failures: number;
                            created_at: string;
                            updated_at: string;
                            /**
                             * Format: int64
                             * @description For `If-Match`.
                             */
                            sequence: number;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    webhook_replay_preview: {
        parameters: {
            query: {
                id: string;
                from: string;
                until?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** PreviewItem */
                        item: {
                            endpoint_id: string;
                            /**
                             * Format: int64
                             * @description Events that would be sent, counted up to 100,000.
                             */
                            events: number;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    webhook_replays: {
        parameters: {
            query?: {
                endpoint_id?: string | null;
                sort?: components["schemas"]["ReplaySort"];
                limit?: number | null;
                cursor?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            replay_id: string;
                            endpoint_id: string;
                            from: string;
                            until: string;
                            /** Format: int32 */
                            messages_per_second: number;
                            /**
                             * Format: int64
                             * @description Messages queued so far; see `webhook-deliveries` for what came of them.
                             */
                            queued: number;
                            ordered_at: string;
                            finished_at?: string | null;
                            /** @description Why it ended before everything was queued; null when it did not. */
                            ended_by?: string | null;
                        }[];
                        next_cursor: string | null;
                        as_of: string;
                    };
                };
            };
        };
    };
    webhook_secret: {
        parameters: {
            query: {
                id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** SecretItem */
                        item: {
                            endpoint_id: string;
                            /** @description `whsec_` and base64. */
                            secret: string;
                            /** @description The one before it, while it still signs. */
                            previous_secret?: string | null;
                            previous_until?: string | null;
                        };
                        as_of: string;
                    };
                };
            };
        };
    };
    list_acts: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    find_act: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    examine_installation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only what has this */
                aggregate_type?: string;
                /** @description Only what has this */
                event_type?: string;
                /** @description Only what has this */
                correlation_id?: string;
                /** @description Look back: to a position, or a time (RFC 3339) */
                as_of?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    count_events: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    find_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                position: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    find_stream: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Look back: to a position, or a time (RFC 3339) */
                as_of?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_holes: {
        parameters: {
            query?: {
                /** @description Look behind this position; two million before the newest when absent */
                after?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    report_vacuum: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_snapshots: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only what has this */
                aggregate_type?: string;
                /** @description Only what has this */
                aggregate_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_messages: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only what has this */
                state?: string;
                /** @description Only what has this */
                aggregate_id?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    find_message: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_attempts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only what has this */
                provider?: string;
                /** @description Only what has this */
                state?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_parked_keys: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only what has this */
                projection?: string;
                /** @description Only what has this */
                key?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_projections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    find_projection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    show_audit_logs: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_audit_checkpoints: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    prove_audit_consistency: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only what has this */
                from?: number;
                /** @description Only what has this */
                to?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    prove_event: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                position: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    verify_audit_logs: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    preview_retention: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description A term to try, in days */
                messages?: number;
                /** @description A term to try, in days */
                files?: number;
                /** @description A term to try, in days */
                leads?: number;
                /** @description A term to try, in days */
                approvals?: number;
                /** @description A term to try, in days */
                webhook_bodies?: number;
                /** @description A term to try, in days */
                outbox_history?: number;
                /** @description A term to try, in days */
                audited_reads?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_tenants: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_deletions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    count_messages: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_blocked_keys: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_redrives: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    order_redrive: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    target?: string;
                    /** @enum {string} */
                    failure_kind?: "not_sent" | "transient" | "refused" | "auth" | "unknown";
                    /** Format: date-time */
                    died_after?: string;
                    rate_per_second?: number;
                    max_messages?: number;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_destinations: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description The next_cursor of the page before */
                cursor?: string;
                /** @description How many, 50 unless given */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    retry_message: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    discard_message: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    retry_parked_keys: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    projection?: string;
                    key?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    drop_parked_events: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    projection?: string;
                    key?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    pause_projection: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    resume_projection: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    set_projection_policy: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    policy?: "park" | "pause" | "skip";
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    rewind_projection: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    to?: number;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    rebuild_projection: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    compare?: boolean;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description Begun; `watch` says where to see how it ends */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    compare_projection: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description Begun; `watch` says where to see how it ends */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    roll_back_projection: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description Begun; `watch` says where to see how it ends */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    run_retention: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    suspend_tenant: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    resume_tenant: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    delete_tenant: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                    confirm?: string;
                    now?: boolean;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    withdraw_deletion: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    cancel_message: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    skip_message: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    resolve_message: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    outcome?: "delivered" | "failed";
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    cancel_redrive: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    pause_destination: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** Format: date-time */
                    until?: string;
                    seconds?: number;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    resume_destination: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    set_breaker: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    state?: string;
                    /** Format: date-time */
                    until?: string;
                    seconds?: number;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    limit_destination: {
        parameters: {
            query?: {
                /** @description The slug of the only tenant that is meant; for operators of the installation all when absent */
                tenant?: string;
                /** @description Only say what would be done */
                dry_run?: "true" | "false";
            };
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    rate_per_second?: number;
                    burst?: number;
                    max_in_flight?: number;
                    /** Format: date-time */
                    until?: string;
                    seconds?: number;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    agents_list_tools: {
        parameters: {
            query?: {
                /** @description `mcp` unless given */
                format?: "openai" | "anthropic" | "mcp";
                /** @description Toolsets between commas; `default` unless given, `all` for everything */
                toolset?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never> | unknown[];
                };
            };
        };
    };
    agents_call_tool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    mcp: {
        parameters: {
            query?: {
                /** @description Toolsets between commas; `default` unless given, `all` for everything */
                toolset?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    /** Format: password */
                    password: string;
                    tenant?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        second_factor: "none" | "required" | "enrolment-required";
                        session: {
                            session_id: string;
                            person: {
                                id: string;
                                name: string;
                                email: string;
                            };
                            tenant: {
                                id: string;
                                slug: string;
                                name: string;
                            };
                            role: string;
                            is_operator: boolean;
                            permissions: string[];
                            /** @enum {string} */
                            second_factor: "none" | "required" | "enrolment-required";
                            is_enrolled: boolean;
                            second_factor_at: string | null;
                            second_factor_fresh_until: string | null;
                            /** Format: date-time */
                            expires_at: string;
                        };
                    };
                };
            };
        };
    };
    sign_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    find_session: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        session_id: string;
                        person: {
                            id: string;
                            name: string;
                            email: string;
                        };
                        tenant: {
                            id: string;
                            slug: string;
                            name: string;
                        };
                        role: string;
                        is_operator: boolean;
                        permissions: string[];
                        /** @enum {string} */
                        second_factor: "none" | "required" | "enrolment-required";
                        is_enrolled: boolean;
                        second_factor_at: string | null;
                        second_factor_fresh_until: string | null;
                        /** Format: date-time */
                        expires_at: string;
                    };
                };
            };
        };
    };
    list_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            id: string;
                            is_current: boolean;
                            agent: string | null;
                            /** Format: date-time */
                            created_at: string;
                            /** Format: date-time */
                            last_used_at: string;
                            second_factor_at: string | null;
                            /** Format: date-time */
                            expires_at: string;
                        }[];
                    };
                };
            };
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    give_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Six digits, or a recovery code */
                    code: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        second_factor: "none" | "required" | "enrolment-required";
                        session: {
                            session_id: string;
                            person: {
                                id: string;
                                name: string;
                                email: string;
                            };
                            tenant: {
                                id: string;
                                slug: string;
                                name: string;
                            };
                            role: string;
                            is_operator: boolean;
                            permissions: string[];
                            /** @enum {string} */
                            second_factor: "none" | "required" | "enrolment-required";
                            is_enrolled: boolean;
                            second_factor_at: string | null;
                            second_factor_fresh_until: string | null;
                            /** Format: date-time */
                            expires_at: string;
                        };
                    };
                };
            };
        };
    };
    enrol_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        secret: string;
                        otpauth_url: string;
                    };
                };
            };
        };
    };
    confirm_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Six digits, or a recovery code */
                    code: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        second_factor: "none" | "required" | "enrolment-required";
                        session: {
                            session_id: string;
                            person: {
                                id: string;
                                name: string;
                                email: string;
                            };
                            tenant: {
                                id: string;
                                slug: string;
                                name: string;
                            };
                            role: string;
                            is_operator: boolean;
                            permissions: string[];
                            /** @enum {string} */
                            second_factor: "none" | "required" | "enrolment-required";
                            is_enrolled: boolean;
                            second_factor_at: string | null;
                            second_factor_fresh_until: string | null;
                            /** Format: date-time */
                            expires_at: string;
                        };
                        recovery_codes: string[];
                    };
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: password */
                    current: string;
                    /** Format: password */
                    new: string;
                };
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ask_for_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                };
            };
        };
        responses: {
            /** @description Taken, whether or not anybody has this address */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    reset_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    token: string;
                    /** Format: password */
                    password: string;
                };
            };
        };
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    invite_person: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** Format: email */
                    email: string;
                    name: string;
                    role: string;
                };
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        person_id: string;
                        /** Format: date-time */
                        expires_at: string;
                    };
                };
            };
        };
    };
    accept_invitation: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    token: string;
                    name?: string;
                    /** Format: password */
                    password: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        second_factor: "none" | "required" | "enrolment-required";
                        session: {
                            session_id: string;
                            person: {
                                id: string;
                                name: string;
                                email: string;
                            };
                            tenant: {
                                id: string;
                                slug: string;
                                name: string;
                            };
                            role: string;
                            is_operator: boolean;
                            permissions: string[];
                            /** @enum {string} */
                            second_factor: "none" | "required" | "enrolment-required";
                            is_enrolled: boolean;
                            second_factor_at: string | null;
                            second_factor_fresh_until: string | null;
                            /** Format: date-time */
                            expires_at: string;
                        };
                    };
                };
            };
        };
    };
    set_up: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    token: string;
                    /** Format: email */
                    email: string;
                    name: string;
                    /** Format: password */
                    password: string;
                    tenant?: string | null;
                    business?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        second_factor: "none" | "required" | "enrolment-required";
                        session: {
                            session_id: string;
                            person: {
                                id: string;
                                name: string;
                                email: string;
                            };
                            tenant: {
                                id: string;
                                slug: string;
                                name: string;
                            };
                            role: string;
                            is_operator: boolean;
                            permissions: string[];
                            /** @enum {string} */
                            second_factor: "none" | "required" | "enrolment-required";
                            is_enrolled: boolean;
                            second_factor_at: string | null;
                            second_factor_fresh_until: string | null;
                            /** Format: date-time */
                            expires_at: string;
                        };
                    };
                };
            };
        };
    };
    list_people: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            id: string;
                            name: string;
                            email: string;
                            role: string;
                            is_operator: boolean;
                            /** @enum {string} */
                            standing: "invited" | "active" | "deactivated";
                            second_factor: boolean;
                            /** Format: date-time */
                            created_at: string;
                            signed_in_at: string | null;
                        }[];
                    };
                };
            };
        };
    };
    change_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    role: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        item: {
                            id: string;
                            name: string;
                            email: string;
                            role: string;
                            is_operator: boolean;
                            /** @enum {string} */
                            standing: "invited" | "active" | "deactivated";
                            second_factor: boolean;
                            /** Format: date-time */
                            created_at: string;
                            signed_in_at: string | null;
                        };
                    };
                };
            };
        };
    };
    deactivate_person: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    unlink_person: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    list_roles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            name: string;
                            within: string;
                            permissions: string[];
                            is_own: boolean;
                        }[];
                    };
                };
            };
        };
    };
    define_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    within: string;
                    permissions: string[] | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        item: {
                            name: string;
                            within: string;
                            permissions: string[];
                            is_own: boolean;
                        };
                    };
                };
            };
        };
    };
    remove_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    list_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            tenant_id: string;
                            key_id: string;
                            kind: string;
                            label: string;
                            role: string;
                            permissions: string[];
                            model: string | null;
                            /** Format: date-time */
                            created_at: string;
                            expires_at: string | null;
                            revoked_at: string | null;
                            last_used_at: string | null;
                            owner_id: string | null;
                            address_ranges: string[];
                            requests_per_minute: number | null;
                        }[];
                    };
                };
            };
        };
    };
    create_key: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    kind: "person" | "agent" | "service";
                    label: string;
                    role: string;
                    permissions?: string[] | null;
                    model?: string | null;
                    /** Format: date-time */
                    expires_at?: string | null;
                    address_ranges?: string[] | null;
                    requests_per_minute?: number | null;
                };
            };
        };
        responses: {
            /** @description Made */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        key: string;
                        item: {
                            tenant_id: string;
                            key_id: string;
                            kind: string;
                            label: string;
                            role: string;
                            permissions: string[];
                            model: string | null;
                            /** Format: date-time */
                            created_at: string;
                            expires_at: string | null;
                            revoked_at: string | null;
                            last_used_at: string | null;
                            owner_id: string | null;
                            address_ranges: string[];
                            requests_per_minute: number | null;
                        };
                    };
                };
            };
        };
    };
    revoke_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        item: {
                            tenant_id: string;
                            key_id: string;
                            kind: string;
                            label: string;
                            role: string;
                            permissions: string[];
                            model: string | null;
                            /** Format: date-time */
                            created_at: string;
                            expires_at: string | null;
                            revoked_at: string | null;
                            last_used_at: string | null;
                            owner_id: string | null;
                            address_ranges: string[];
                            requests_per_minute: number | null;
                        };
                    };
                };
            };
        };
    };
    list_sign_in_providers: {
        parameters: {
            query?: {
                tenant?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            tenant: string;
                            /** @description On the button */
                            title: string;
                        }[];
                    };
                };
            };
        };
    };
    start_sign_in_by_provider: {
        parameters: {
            query: {
                tenant: string;
                return_to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: never;
    };
    end_sign_in_by_provider: {
        parameters: {
            query?: {
                state?: string;
                code?: string;
                iss?: string;
                error?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: never;
    };
    get_authorization_server: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    get_protected_resource: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    get_protected_resource_mcp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    get_signing_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    rotate_signing_keys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    when?: "planned" | "at-once";
                };
            };
        };
        responses: {
            /** @description Done */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    authorize: {
        parameters: {
            query?: {
                response_type?: string;
                client_id?: string;
                redirect_uri?: string;
                state?: string;
                scope?: string;
                resource?: string;
                code_challenge?: string;
                code_challenge_method?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    sign_in_to_authorize: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": Record<string, never>;
            };
        };
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    consent: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": Record<string, never>;
            };
        };
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
        };
    };
    issue_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    grant_type?: string;
                    code?: string;
                    code_verifier?: string;
                    redirect_uri?: string;
                    refresh_token?: string;
                    scope?: string;
                    resource?: string;
                    client_id?: string;
                    client_secret?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    revoke_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": {
                    token?: string;
                    token_type_hint?: string;
                    client_id?: string;
                    client_secret?: string;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_clients: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    register_client: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    name: string;
                    /** @enum {string} */
                    kind: "agent" | "service";
                    role: string;
                    permissions?: string[] | null;
                    /** @enum {string} */
                    proof: "secret" | "none";
                    redirect_uris?: string[];
                };
            };
        };
        responses: {
            /** @description Done */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    revoke_client: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    list_grants: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
        };
    };
    end_grant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    chat_history: {
        parameters: {
            query?: {
                /** @description The id of the oldest message that is known */
                before?: string;
            };
            header?: never;
            path: {
                /** @description The tenant's slug */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        messages: Record<string, never>[];
                        has_older: boolean;
                        last_event_id: string;
                    };
                };
            };
        };
    };
    chat_write: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's slug */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: uuid
                     * @description A random UUID (version 4), the same for every attempt
                     */
                    id: string;
                    content: string;
                    /** @description What the visitor is called */
                    name?: string | null;
                    /** @description How to reach them */
                    email?: string | null;
                };
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        message_id: string | null;
                        session: string;
                        session_expires_at: string;
                    };
                };
            };
        };
    };
    chat_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's slug */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    message_id: string;
                };
            };
        };
        responses: {
            /** @description Noted */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    chat_stream: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's slug */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
        };
    };
    chat_page: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The tenant's slug */
                tenant: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As said */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": unknown;
                };
            };
        };
    };
    chat_widget: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description As said */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/javascript": unknown;
                };
            };
        };
    };
    api_create_booking: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    api_send_message: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    api_availability: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown[] | Record<string, never>;
                };
            };
        };
    };
    webhook_stripe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    webhook_ringcentral: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Kept */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    find_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                thread_id: string;
                file_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file as it came */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
        };
    };
    upload_import: {
        parameters: {
            query?: {
                /** @description What the file is called. */
                name?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "text/csv": string;
                "text/vcard": string;
            };
        };
        responses: {
            /** @description The import, ready to be mapped */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Answer"];
                };
            };
        };
    };
    bulk: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    command: "tag-customer" | "untag-customer" | "archive-customer" | "unarchive-customer" | "assign-thread" | "close-thread" | "snooze-thread" | "assign-chef";
                    body?: {
                        [key: string]: unknown;
                    };
                    filter?: {
                        [key: string]: unknown;
                    };
                    cursor?: string;
                    ids?: string[];
                };
            };
        };
        responses: {
            /** @description What became of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        done: number;
                        skipped: number;
                        failed: {
                            id: string;
                            code: string;
                            detail: string;
                            retry: boolean;
                        }[];
                        next_cursor: string | null;
                    };
                };
            };
        };
    };
    start_bulk_run_by_filter: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    command: "tag-customer" | "untag-customer" | "archive-customer" | "unarchive-customer" | "assign-thread" | "close-thread" | "snooze-thread" | "assign-chef";
                    body?: {
                        [key: string]: unknown;
                    };
                    filter?: {
                        [key: string]: unknown;
                    };
                };
            };
        };
        responses: {
            /** @description The run */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        run_id: string;
                        position: string | null;
                    };
                };
            };
        };
    };
    export_tenant: {
        parameters: {
            query?: {
                /** @description Check whether it would be written, and answer its name */
                dry_run?: "true" | "false";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The archive; with dry_run its name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-tar": unknown;
                    "application/json": {
                        file_name: string;
                    };
                };
            };
        };
    };
}
