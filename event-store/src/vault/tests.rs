//! What seals, opens, wraps and signs, and what must not.

use super::*;

fn keys(tenant: &str) -> Arc<TenantKeys> {
    let vault = Vault::new(&[7; 32]);
    let tenant_id = TenantId::new(tenant);
    let wrapped = vault.new_tenant(&tenant_id).unwrap();
    Vault::new(&[7; 32])
        .unwrap_tenant(&tenant_id, &wrapped)
        .unwrap()
}

#[test]
fn a_sealed_field_opens_only_in_its_own_place() {
    let tenant = keys("t1");
    let (ada, wrapped) = tenant.new_subject("ada").unwrap();
    let sealed = ada.seal("LeadCreated", "email", "ada@example.org").unwrap();
    assert!(!sealed.as_str().contains("ada@"));
    let again = tenant.unwrap_subject("ada", &wrapped).unwrap();
    assert_eq!(
        again.open("email", &sealed).as_deref(),
        Some("ada@example.org")
    );
    assert_eq!(again.open("phone", &sealed), None);
    let moved = Sealed::new(sealed.as_str().replace("LeadCreated", "CustomerCorrected"));
    assert_eq!(again.open("email", &moved), None);
    let (bob, _) = tenant.new_subject("bob").unwrap();
    assert_eq!(bob.open("email", &sealed), None);
}

#[test]
fn a_key_that_was_wrapped_anew_opens_what_it_sealed_and_names_what_it_is_wrapped_under() {
    let vault = Vault::new(&[7; 32]);
    let tenant_id = TenantId::new("t1");
    vault.new_tenant(&tenant_id).unwrap();
    let tenant = vault.cached(&tenant_id).unwrap();
    let (ada, wrapped) = tenant.new_subject("ada").unwrap();
    let sealed = ada.seal("LeadCreated", "email", "ada@example.org").unwrap();
    let second = vault.new_wrap(&tenant_id, 2).unwrap();
    vault.add_wrap(&tenant, 2, &second).unwrap();
    let anew = tenant.rewrap_subject("ada", &wrapped).unwrap().unwrap();
    assert_eq!(wraps::wrap_id_of(&anew), Some(2));
    assert_eq!(tenant.rewrap_subject("ada", &anew).unwrap(), None);
    let opened = tenant.unwrap_subject("ada", &anew).unwrap();
    assert_eq!(opened.open("email", &sealed).unwrap(), "ada@example.org");
    assert!(tenant.unwrap_subject("bob", &anew).is_err());
    assert!(tenant.can_unwrap(&wrapped) && !tenant.can_unwrap(&wraps::name(3)));
    let elsewhere = vault.add_wrap(&tenant, 3, &second);
    assert!(elsewhere.is_err(), "it was made for another place");
}

#[test]
fn a_forgotten_key_is_not_kept() {
    let tenant = keys("t1");
    let (_, wrapped) = tenant.new_subject("ada").unwrap();
    tenant.unwrap_subject("ada", &wrapped).unwrap();
    assert!(tenant.fresh_subject("ada").is_some());
    tenant.forget_subject("ada");
    assert!(tenant.cached_subject("ada").is_none());
}

#[test]
fn keys_in_use_stay_however_many_others_pass() {
    let (key, _) = keys("t1").new_subject("any").unwrap();
    let opened = Opened::default();
    let lively = || (0..1_000).map(|number| format!("lively-{number}"));
    lively().for_each(|subject| opened.keep(&subject, &key));
    for passing in 0..100_000 {
        opened.keep(&format!("passing-{passing}"), &key);
        let used = opened.find(&format!("lively-{}", passing % 1_000));
        assert!(used.is_some(), "after {passing} others");
    }
    let passed =
        (0..100_000).filter(|passing| opened.find(&format!("passing-{passing}")).is_some());
    assert!(passed.count() < 50_000, "what is kept has a limit");
}

#[test]
fn another_root_key_opens_nothing() {
    let tenant_id = TenantId::new("t1");
    let wrapped = Vault::new(&[7; 32]).new_tenant(&tenant_id).unwrap();
    assert!(
        Vault::new(&[8; 32])
            .unwrap_tenant(&tenant_id, &wrapped)
            .is_err()
    );
}

#[test]
fn blind_indexes_differ_between_tenants_and_scopes() {
    let (one, two) = (keys("t1"), keys("t2"));
    assert_eq!(one.blind_index("email", "a"), one.blind_index("email", "a"));
    assert_ne!(one.blind_index("email", "a"), two.blind_index("email", "a"));
    assert_ne!(one.blind_index("email", "a"), one.blind_index("phone", "a"));
}

#[test]
fn a_signature_is_good_for_its_tenant_purpose_and_text_alone() {
    let (one, two) = (keys("t1"), keys("t2"));
    let signature = one.sign("session", "ada");
    assert!(one.verify("session", "ada", &signature));
    assert!(!one.verify("session", "bob", &signature));
    assert!(!one.verify("message", "ada", &signature));
    assert!(!two.verify("session", "ada", &signature));
    assert!(!one.verify("session", "ada", "") && !one.verify("session", "ada", "?"));
}
