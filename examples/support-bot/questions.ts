/**
 * What customers of the example shop ask, and the fact that a right answer must hold. The easy ones are in the suite; the
 * hard ones come from real users only, as it is in life: that is why a suite alone does not make a release safe.
 */
export interface Question {
  text: string;
  /** A right answer contains this, in any case. */
  fact: string;
  isHard: boolean;
}

const easy: [text: string, fact: string][] = [
  ['How long do I have to return a jacket?', '30 days'],
  ['How long do I have to return shoes?', '30 days'],
  ['What does standard shipping cost?', '4.90'],
  ['What does express shipping cost?', '9.90'],
  ['When is shipping free?', '50 euros'],
  ['How do I reach a person?', 'support@example.com'],
  ['When do you answer the phone?', '9 to 17'],
  ['Can I pay by invoice?', '14 days'],
  ['Which cards do you take?', 'Visa'],
  ['How do I reset my password?', 'reset link'],
  ['Where do I find my order number?', 'confirmation'],
  ['Do gift cards expire?', '3 years'],
];

const hard: [text: string, fact: string][] = [
  ['I returned one of three items from a sale order, paid half by gift card: what do I get back?', 'gift card first'],
  ['My parcel went back to you while I was abroad, and the sale is over. Do I get the sale price again?', 'same price'],
  ['I ordered as a company and want to return after 31 days because of a defect. Can I?', 'warranty'],
  ['Two of my orders were merged, and one code was for free shipping. What do I owe?', 'nothing more'],
];

const toQuestion =
  (isHard: boolean) =>
  ([text, fact]: [string, string]): Question => ({ text, fact, isHard });

export const easyQuestions: readonly Question[] = easy.map(toQuestion(false));
export const hardQuestions: readonly Question[] = hard.map(toQuestion(true));
export const questions: readonly Question[] = [...easyQuestions, ...hardQuestions];
