//! Commands about templates: what letters and texts say, in the tenant's own words; drafted, tried out, published, retired.

use cqrs_es::Aggregate;
use domain::ids::TemplateId;
use domain::refusal::Refusal;
use domain::templates::catalogue::{self, About, Letter};
use domain::templates::content::{Content, Variable};
use domain::templates::facts::Facts as Filling;
use domain::templates::{
    DEFAULT_LANGUAGE, EVERY, EVERY_SCOPE, MAX_TEMPLATES, Place, Published, Template,
    TemplateChannel, TemplateCommand, TemplateStanding, languages,
};
use domain::tenants::Tenant;
use event_store::load::Load;
use identity::permissions::Permission;
use queries::templates::shown::{self, Shown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Result;
use crate::canonical::canonical;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::TenantsConfigure;
    vec![
        command!(
            "save-template-draft",
            save_template_draft,
            SaveTemplateDraft,
            WRITE,
            Risk::Write
        ),
        command!(
            "discard-template-draft",
            discard_template_draft,
            DiscardTemplateDraft,
            WRITE,
            Risk::Write
        ),
        command!(
            "publish-template",
            publish_template,
            PublishTemplate,
            WRITE,
            Risk::Write
        ),
        command!(
            "retire-template",
            retire_template,
            RetireTemplate,
            WRITE,
            Risk::Write
        ),
    ]
}

/// # Save the draft of a template
///
/// What a letter or text is to say. A template under the name of one of the product's own letters (`template-letters` tells
/// them) takes the place of our words once it is published; under any other name it is sent by `send-message`. The result
/// shows it filled in with samples; with `dry_run` nothing is kept.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveTemplateDraft {
    /// 1 to 32 lower-case letters, digits and inner dashes.
    pub name: String,
    pub channel: TemplateChannel,
    /// Such as `en` or `pt-BR`; the tenant's own unless given.
    #[serde(default)]
    pub language: Option<String>,
    /// What it speaks of, which decides what fills in by itself; fixed once it is saved.
    #[serde(default)]
    pub about: About,
    /// Of an e-mail, which must have one; one line, at most 200 characters.
    #[serde(default)]
    pub subject: Option<String>,
    /// With values in double braces, as in `Hello {{ first_name }}`, and conditions, as in `{% if hold_until %}…{% endif %}`.
    /// At most 20,000 characters in an e-mail, 1,600 in an SMS, 4,096 over WhatsApp.
    pub text: String,
    /// Of an e-mail, at most 60,000 characters; made of the text unless given. What is filled in is escaped.
    #[serde(default)]
    pub html: Option<String>,
    /// What it uses beyond what fills in by itself, and what stands in for what may be missing; at most 20.
    #[serde(default)]
    pub variables: Vec<Variable>,
}

/// # Discard the draft of a template
///
/// What is published stays.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiscardTemplateDraft {
    pub template_id: TemplateId,
}

/// # Publish a template
///
/// Its draft becomes the next version and is sent from now on. A version never changes; each message says which it was.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishTemplate {
    pub template_id: TemplateId,
}

/// # Retire a template
///
/// It is sent no more. A letter of the product's own goes in our words again. Publishing it again ends that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireTemplate {
    pub template_id: TemplateId,
}

/// The template as it stands.
#[derive(Serialize)]
pub struct TemplateSummary {
    pub template_id: String,
    pub standing: TemplateStanding,
    /// Of the newest version; null before the first.
    pub version: Option<u32>,
    pub digest: Option<String>,
}

/// The draft as it was kept, filled in with samples.
#[derive(Serialize)]
pub struct DraftSummary {
    pub template_id: String,
    pub preview: Shown,
}

impl Input for SaveTemplateDraft {
    fn wanted(&self, facts: &Facts) -> Load {
        template_alone(&self.place(&facts.tenant).id())
    }
}

impl Input for DiscardTemplateDraft {
    fn wanted(&self, _: &Facts) -> Load {
        template_alone(self.template_id.as_str())
    }
}

impl Input for PublishTemplate {
    fn wanted(&self, _: &Facts) -> Load {
        template_alone(self.template_id.as_str())
    }
}

impl Input for RetireTemplate {
    fn wanted(&self, _: &Facts) -> Load {
        template_alone(self.template_id.as_str())
    }
}

impl SaveTemplateDraft {
    fn place(&self, tenant: &Tenant) -> Place {
        let own = tenant.settings.messaging.language.as_deref();
        let language = self.language.as_deref().or(own);
        Place {
            name: self.name.clone(),
            channel: self.channel,
            language: language.unwrap_or(DEFAULT_LANGUAGE).to_owned(),
        }
    }
}

pub async fn save_template_draft(
    work: &mut Work,
    input: SaveTemplateDraft,
) -> Result<DraftSummary> {
    work.tenant().require()?;
    let place = input.place(work.tenant());
    let draft = Content {
        subject: input.subject,
        text: input.text,
        html: input.html,
        variables: input.variables,
    };
    let about = match Letter::find(&place.name) {
        Some(_) => About::Booking,
        None => input.about,
    };
    draft.check(&place, about)?;
    let mut template = work.load::<Template>(&place.id()).await?;
    if !template.exists() {
        check_limit(work).await?;
    }
    let preview = preview(work.tenant(), &place, about, &draft)?;
    let save = TemplateCommand::Save {
        place,
        about,
        draft: Box::new(draft),
    };
    work.execute(&mut template, save).await?;
    Ok(DraftSummary {
        template_id: template.id,
        preview,
    })
}

pub async fn discard_template_draft(
    work: &mut Work,
    input: DiscardTemplateDraft,
) -> Result<TemplateSummary> {
    change(work, &input.template_id, |_| Ok(TemplateCommand::Discard)).await
}

pub async fn publish_template(work: &mut Work, input: PublishTemplate) -> Result<TemplateSummary> {
    let publish = |template: &Template| -> Result<TemplateCommand> {
        let content = template.next_content().map(digest_of).transpose()?;
        Ok(TemplateCommand::Publish {
            digest: content.unwrap_or_default(),
        })
    };
    change(work, &input.template_id, publish).await
}

pub async fn retire_template(work: &mut Work, input: RetireTemplate) -> Result<TemplateSummary> {
    change(work, &input.template_id, |_| Ok(TemplateCommand::Retire)).await
}

/// The published template of this name that fits the tenant's language best, with its id and what it is about.
pub(crate) async fn find_in_force(
    work: &mut Work,
    name: &str,
    channel: TemplateChannel,
) -> Result<Option<(String, About, Published)>> {
    let own = work.tenant().settings.messaging.language.clone();
    for language in languages(own.as_deref()) {
        let place = Place {
            name: name.to_owned(),
            channel,
            language,
        };
        let template = work.load::<Template>(&place.id()).await?;
        if let Some(published) = template.state.in_force() {
            let published = published.clone();
            return Ok(Some((template.id, template.state.about, published)));
        }
    }
    Ok(None)
}

async fn change(
    work: &mut Work,
    template_id: &TemplateId,
    command: impl FnOnce(&Template) -> Result<TemplateCommand>,
) -> Result<TemplateSummary> {
    let mut template: Loaded<Template> = work.load(template_id.as_str()).await?;
    template.state.require()?;
    let command = command(&template.state)?;
    work.execute(&mut template, command).await?;
    let published = template.state.published;
    Ok(TemplateSummary {
        template_id: template.id,
        standing: template.state.standing,
        version: published.as_ref().map(|last| last.version),
        digest: published.map(|last| last.digest),
    })
}

async fn check_limit(work: &mut Work) -> Result<()> {
    work.fetch(Load {
        handles: vec![(EVERY_SCOPE, EVERY.to_owned())],
        ..Load::default()
    })
    .await?;
    if work.wanted_handles(EVERY_SCOPE, EVERY).len() >= MAX_TEMPLATES {
        let detail = format!(
            "at most {MAX_TEMPLATES} templates, retired ones included; change one that is there"
        );
        return Err(Refusal::conflict("template-limit-reached", detail).into());
    }
    Ok(())
}

fn preview(tenant: &Tenant, place: &Place, about: About, draft: &Content) -> Result<Shown> {
    let known = catalogue::known(&place.name, about);
    let mut facts = Filling::samples(&known, &draft.variables);
    facts.set("business", &tenant.name);
    shown::show(place, about, draft, &facts)
}

/// SHA-256 of the content as canonical JSON.
fn digest_of(content: &Content) -> Result<String> {
    let digest = Sha256::digest(canonical(&serde_json::to_value(content)?));
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn template_alone(template_id: &str) -> Load {
    Load {
        streams: vec![(Template::TYPE, template_id.to_owned(), 0)],
        ..Load::default()
    }
}
