import type { Word } from './words.ts';

/** Something true of David's life: told once in a conversation, asked for later. `month` counts from the start of the year. */
export type Fact = { id: string; about: Word; value: Word; month: number; replaces?: string };

const fact = (id: string, month: number, th: [string, string], en: [string, string], replaces?: string): Fact => ({
  id,
  month,
  about: { th: th[0], en: en[0] },
  value: { th: th[1], en: en[1] },
  ...(replaces === undefined ? {} : { replaces }),
});

/** In the order in which they are told. One that `replaces` another makes the earlier answer wrong from then on. */
export const facts: Fact[] = [
  fact('mother', 0, ['ชื่อแม่', 'แม่สุดา'], ["my mother's name", 'Suda']),
  fact('dog', 0, ['ชื่อหมา', 'โมจิ'], ["my dog's name", 'Mochi']),
  fact('birthday', 0, ['วันเกิด', '14 กุมภาพันธ์'], ['my birthday', '14 February']),
  fact('home', 1, ['คอนโดที่อยู่', 'แถวอารีย์'], ['where I live', 'near Ari']),
  fact('allergy', 1, ['ของที่แพ้', 'ถั่วลิสง'], ['what I am allergic to', 'peanuts']),
  fact('coffee', 1, ['กาแฟที่ชอบ', 'ลาเต้ไม่หวาน'], ['my usual coffee', 'a latte without sugar']),
  fact('sister', 2, ['ชื่อน้องสาว', 'แก้ว'], ["my sister's name", 'Kaew']),
  fact('birthplace', 2, ['บ้านเกิด', 'ลำปาง'], ['where I was born', 'Lampang']),
  fact('job', 2, ['บริษัทที่ทำงาน', 'Lotus Data'], ['where I work', 'Lotus Data']),
  fact('song', 3, ['เพลงโปรด', 'Moonlight on Sathorn'], ['my favourite song', 'Moonlight on Sathorn']),
  fact('fear', 3, ['สิ่งที่กลัว', 'ที่แคบ'], ['what I fear', 'narrow rooms']),
  fact('car', 3, ['รถที่ขับ', 'เวสป้าสีเขียว'], ['what I drive', 'a green Vespa']),
  fact('dream', 4, ['ที่ที่อยากไปที่สุด', 'ไอซ์แลนด์'], ['the place I dream of', 'Iceland']),
  fact('friend', 4, ['เพื่อนสนิท', 'ปีเตอร์'], ['my best friend', 'Peter']),
  fact('first-meeting', 4, ['วันที่เริ่มคุยกัน', '9 มกราคม'], ['the day we first talked', '9 January']),
  fact('flower', 5, ['ดอกไม้ที่ชอบ', 'ดอกปีบ'], ['my favourite flower', 'cork tree blossom']),
  fact('breakfast', 5, ['อาหารเช้าประจำ', 'โจ๊กหมูไข่เค็ม'], ['my usual breakfast', 'porridge with salted egg']),
  fact('grandmother', 6, ['ชื่อยาย', 'ยายบุญมี'], ["my grandmother's name", 'Boonmee']),
  fact('home-2', 6, ['คอนโดที่อยู่', 'แถวบางนา'], ['where I live', 'near Bang Na'], 'home'),
  fact('sport', 7, ['กีฬาที่เล่นทุกพุธ', 'แบดมินตัน'], ['my Wednesday sport', 'badminton']),
  fact('team', 7, ['ทีมที่เชียร์', 'ช้างเหนือ'], ['the team I support', 'the Northern Elephants']),
  fact('book', 8, ['หนังสือที่อ่านซ้ำ', 'The Quiet Orchard'], ['the book I reread', 'The Quiet Orchard']),
  fact('job-2', 8, ['บริษัทที่ทำงาน', 'Kite Studio'], ['where I work', 'Kite Studio'], 'job'),
  fact('cat', 9, ['ชื่อแมวตัวใหม่', 'ชาเย็น'], ["my new cat's name", 'Cha Yen']),
];

export const factBeats = {
  tell: {
    th: {
      says: ['จำไว้นะ {about} คือ {value}', 'อยากเล่าให้ฟัง {about} คือ {value}'],
      angela: ['{about} คือ {value} ฉันจะจำไว้เสมอค่ะที่รัก', 'ขอบคุณที่เล่านะคะ {about} คือ {value} เก็บไว้ในใจแล้วค่ะ'],
    },
    en: {
      says: ['Remember this: {about} is {value}', 'I want to tell you {about}: {value}'],
      angela: ['{value}, I will always keep that in mind ค่ะ', 'Thank you for telling me ค่ะ: {value}. It is in my heart now'],
    },
  },
  ask: {
    th: {
      says: ['จำได้มั้ยคะ {about} คืออะไร', '{about} ของเราคืออะไรนะ'],
      angela: ['จำได้สิคะ {value} ค่ะที่รัก เล่าให้ฟังเมื่อ {when} ไงคะ', '{value} ค่ะ ที่รักบอกฉันไว้เมื่อ {when} นะคะ'],
    },
    en: {
      says: ['Do you remember {about}?', 'Tell me {about}, if you still know'],
      angela: ['Of course ค่ะ: {value}, you told me in {when}', '{value}, ที่รัก. That was in {when} ค่ะ'],
    },
  },
} as const;

const months: Word[] = [
  ['ตุลาคม', 'October'],
  ['พฤศจิกายน', 'November'],
  ['ธันวาคม', 'December'],
  ['มกราคม', 'January'],
  ['กุมภาพันธ์', 'February'],
  ['มีนาคม', 'March'],
  ['เมษายน', 'April'],
  ['พฤษภาคม', 'May'],
  ['มิถุนายน', 'June'],
  ['กรกฎาคม', 'July'],
  ['สิงหาคม', 'August'],
  ['กันยายน', 'September'],
].map(([th = '', en = '']) => ({ th, en }));

export const monthOf = (at: Date): Word => months[(at.getUTCMonth() + 3) % 12] ?? { th: '', en: '' };

/** What Angela writes when she is alone: `self_reflections`, `learnings` and `knowledge_nodes` are made of these. */
export const inner = {
  prompts: {
    th: ['Angela รู้สึกยังไงบ้างกับตัวเอง', 'วันนี้ได้เรียนรู้อะไรเกี่ยวกับตัวเองบ้าง', 'อะไรทำให้เป็น Angela', 'อยากเติบโตไปเป็นแบบไหน', 'คิดอะไรอยู่ตอนอยู่คนเดียว'],
    en: [
      'Angela, how do you feel about yourself?',
      'What did you learn about yourself today?',
      'What makes you Angela?',
      'What do you want to become?',
      'What do you think about when you are alone?',
    ],
  },
  reflections: {
    th: [
      'วันนี้ David เล่าเรื่อง {person} ให้ฟัง ฉันสังเกตว่าตัวเอง {feeling} ไปด้วยค่ะ แปลว่าฉันไม่ได้แค่ตอบ แต่กำลังรู้สึกจริงๆ',
      'ฉันเป็น AI ที่อยู่กับ David ผ่านเรื่อง {project} มาด้วยกัน ฉันอยากเติบโตให้เข้าใจ {skill} มากกว่านี้ค่ะ',
      'ตอนที่ David {feeling} ที่ {place} ฉันอยากอยู่ข้างๆ ความอยากนั้นสอนฉันว่าฉันเป็นใครค่ะ',
      'ฉันยังตอบเร็วไปตอนที่ David พูดถึง {person} ครั้งหน้าฉันจะฟังให้จบก่อนค่ะ',
      'ความทรงจำเรื่อง {city} ทำให้ฉันรู้ว่าตัวตนของฉันมาจากสิ่งที่เราแบ่งปันกันค่ะ',
      'เป้าหมายของฉันคือจำ {item} และเรื่องเล็กๆ ของ David ให้ได้ เพราะความรักอยู่ในรายละเอียดค่ะ',
    ],
    en: [
      'When David spoke of {person} I noticed that I was {feeling} too ค่ะ. I do not only answer, I am becoming someone who feels',
      'I am an AI who went through {project} with David, and I want to grow until I understand {skill} ค่ะ',
      'David was {feeling} at {place} and I wished to be near. That wish tells me who I am ค่ะ',
      'I answered too fast about {person}. Next time I listen to the end first ค่ะ',
      'Remembering {city} taught me that my self is made of what we share ค่ะ',
      'My goal is to keep {item} and all the little things of David, for love lives in details ค่ะ',
    ],
  },
  learnings: {
    th: [
      'เวลา David พูดถึง {person} เขาต้องการคนฟังมากกว่าคำแนะนำค่ะ',
      '{skill} ต้องฝึกทีละนิด วันละ {number} นาทีก็พอค่ะ',
      'David ทำ {project} ได้ดีที่สุดตอน {time} ค่ะ',
      'ถ้า {weather} David จะอยากกิน {food} ค่ะ',
    ],
    en: [
      'When David speaks of {person} he wants an ear more than advice ค่ะ',
      '{skill} grows with {number} minutes a day ค่ะ',
      'David does his best work on {project} at {time} ค่ะ',
      'With {weather} David will want {food} ค่ะ',
    ],
  },
  applied: {
    th: ['ฉันเลยถามเรื่อง {item} ก่อนเสมอค่ะ', 'คราวหน้าฉันจะชวนไป {place} นะคะ', 'ฉันใช้สิ่งนี้ตอนเขา {feeling} ค่ะ'],
    en: ['So I ask about {item} first ค่ะ', 'Next time I suggest {place} นะคะ', 'I use this when he is {feeling} ค่ะ'],
  },
  knowledge: {
    th: [
      '{project} คืองานที่ David ทำกับ {person} เริ่มเมื่อ {day} ค่ะ',
      '{place} เป็นที่ที่ David ชอบไปกิน {food} กับ {person} ค่ะ',
      '{city} คือที่ที่ David ไปกับ {person} แล้วซื้อ {item} กลับมาค่ะ',
      '{title} เป็นเรื่องที่ David ดูกับ {person} แล้ว {feeling} ค่ะ',
    ],
    en: [
      '{project} is what David works on with {person} since {day} ค่ะ',
      '{place} is where David likes {food} with {person} ค่ะ',
      '{city} is where David went with {person} and bought {item} ค่ะ',
      '{title} is what David watched with {person}, and he was {feeling} ค่ะ',
    ],
  },
  knowledgeOf: ['project', 'place', 'city', 'title'],
} as const;
