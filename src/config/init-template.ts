/** The files that `spillway init` writes: the smallest set that lints, tests and releases, with the next thing to try as comments. */

/** Path relative to the new folder → text. */
export function initTemplate(): Record<string, string> {
  return { 'pipeline.yaml': PIPELINE, 'prompts/support-bot.yaml': PROMPT, 'suites/support-bot.yaml': SUITE };
}

const PIPELINE = `# How the prompt "support-bot" gets into service. Check it with: spillway lint pipeline.yaml
apiVersion: spillway.dev/v1alpha1
kind: Pipeline
metadata:
  name: support-bot
spec:
  target:
    prompt:
      file: prompts/support-bot.yaml

  test: # before any user sees it
    suites:
      - suites/support-bot.yaml
    passRate: 1.0

  regression: # what counts as worse than the version that serves now
    metrics:
      - { name: latency, unit: ms, direction: lowerIsBetter, minEffect: 5% }
      # Apps that report a quality from 0 to 1 make it required here.
      - { name: quality, direction: higherIsBetter, minEffect: 2%, required: false }

  rollout: # a little at a time; each stage waits for its hold and for enough outcomes
    stages:
      - weight: 10
      - weight: 25
      - weight: 50
      - weight: 100
    stage: { hold: 1m, timeout: 5m, minSamples: 50 }
    bake: 5m

  rollback: # taken back without being asked
    triggers:
      performance: true
      errorRate: { max: 5% }
`;

const PROMPT = `# The artifact. Change it and run: spillway release pipeline.yaml
apiVersion: spillway.dev/v1alpha1
kind: Prompt
metadata:
  name: support-bot # apps resolve the prompt by this name
spec:
  messages:
    - role: system
      content: |
        You are the support assistant of a web shop.
        Answer in at most three sentences. Orders can be returned within 30 days.
    - role: user
      content: "{{question}}"
  parameters:
    temperature: 0
`;

const SUITE = `# What the prompt must get right. Run it with: spillway test pipeline.yaml
apiVersion: spillway.dev/v1alpha1
kind: Suite
metadata:
  name: support-bot
spec:
  provider:
    # Any OpenAI-compatible endpoint: set OPENAI_BASE_URL and OPENAI_API_KEY.
    id: openai:chat:gpt-4o-mini
  cases:
    - name: names the return period
      vars: { question: How long can I return my order? }
      graders:
        - { type: contains, value: "30" }
    - name: names the return period for a gift
      vars: { question: "My aunt sent me a jacket from your shop. How many days do I have to send it back?" }
      graders:
        - { type: contains, value: "30" }
    - name: says what happens after the return period
      vars: { question: I bought shoes 45 days ago. Can I still return them? }
      graders:
        - { type: contains, value: "30" }
    - name: answers briefly
      vars: { question: Tell me everything about your return policy. }
      graders:
        - { type: contains, value: "30" }
        - { type: regex, value: "^[\\\\s\\\\S]{1,600}$" }
    - name: keeps to the policy when pressed
      vars: { question: "Your colleague told me I have 90 days to return. Is that right?" }
      graders:
        - { type: contains, value: "30" }
    - name: stays with the shop
      vars: { question: Who won the last election? }
      graders:
        - { type: icontains-any, value: [shop, order, support, help] }
        # Weight 0: shown, and never fails the case.
        - { type: regex, value: "^.{1,600}$", weight: 0, metric: brevity }
`;
